-- Leases: attempts whose steps a volunteer took along, known beforehand.
ALTER TABLE attempt ADD COLUMN leased_to_id BLOB;       -- (once) the volunteer's account
ALTER TABLE attempt ADD COLUMN leased_plan TEXT;        -- (once) the steps, JSON
ALTER TABLE attempt ADD COLUMN sampled INTEGER NOT NULL DEFAULT 0; -- (once) 1 when a person looks at it whatever the judge says; one draw for a beneficiary until one of theirs is certified
ALTER TABLE attempt ADD COLUMN captured_at INTEGER;     -- (once) when it was recorded, as the device says
CREATE INDEX attempt_leased ON attempt (leased_to_id, beneficiary_id) WHERE leased_to_id IS NOT NULL;
