-- Whose people a household register has, who brought a case, and what is still awaited. Conventions as in version 2.

ALTER TABLE silent_import ADD COLUMN place TEXT;     -- (once) of a register: it has the people who live by the policy of this place; none: everybody
ALTER TABLE review ADD COLUMN opened_by TEXT;        -- (once) who reported it, where somebody of the staff did
ALTER TABLE payer_list ADD COLUMN written_at INTEGER; -- (once) when it was first written to its end; none: the payer may not have it

-- What was made before this version has been written.
UPDATE payer_list SET written_at = made_at;

-- Once a minute the service looks for uploads that nobody has finished; nearly all are.
CREATE INDEX upload_unfinished ON upload (attempt_id) WHERE completed_at IS NULL;
