-- Certificates that were taken back before their last day.

ALTER TABLE certificate ADD COLUMN revoked_at INTEGER;  -- (once) since when it is void; on the signed list until its last day

-- Those on the list; the others are many.
CREATE INDEX certificate_revoked ON certificate (valid_until) WHERE revoked_at IS NOT NULL;
