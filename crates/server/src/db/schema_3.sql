-- Version 3: accounts of the desk, what was read, the linked log, lists of visits. Conventions as in version 1.

CREATE TABLE staff (
  id BLOB NOT NULL PRIMARY KEY,           -- (once) names the account
  login_hash BLOB NOT NULL UNIQUE,        -- (once) HMAC-SHA256 of the login name
  login BLOB NOT NULL,                    -- (once) sealed; the login name
  role TEXT NOT NULL,                     -- (once) clerk, head, volunteer, auditor
  area TEXT NOT NULL,                     -- (once) digits of the area: 6, 9 or 12
  password BLOB NOT NULL,                 -- sealed; Argon2id, PHC string
  totp_secret BLOB NOT NULL,              -- sealed; RFC 6238, 20 bytes
  totp_step INTEGER NOT NULL,             -- last time step whose code was taken: none up to it is taken again
  inviter_id BLOB REFERENCES staff (id),  -- (once) who invited; none when an operator made the account
  created_at INTEGER NOT NULL,            -- (once)
  disabled_at INTEGER                     -- since when it is closed
) STRICT;

CREATE TABLE staff_session (
  id BLOB NOT NULL PRIMARY KEY,           -- (once) names the session in logs
  staff_id BLOB NOT NULL REFERENCES staff (id), -- (once)
  token_digest BLOB NOT NULL UNIQUE,      -- (once) SHA-256 of the bearer token
  created_at INTEGER NOT NULL,            -- (once)
  used_at INTEGER NOT NULL,               -- last use, within a minute
  expires_at INTEGER NOT NULL,            -- (once) ends then, however much it is used
  revoked_at INTEGER                      -- (once) ended before that
) STRICT;
CREATE INDEX staff_session_by_staff ON staff_session (staff_id) WHERE revoked_at IS NULL;

CREATE TABLE access_log (
  id BLOB NOT NULL PRIMARY KEY,           -- (once)
  at INTEGER NOT NULL,                    -- (once)
  staff_id BLOB NOT NULL REFERENCES staff (id), -- (once) who read
  session_id BLOB NOT NULL,               -- (once) in which session
  what TEXT NOT NULL,                     -- (once) person, roster, visits, visit, reported, case, evidence, portrait, channel, list, scan, letter, due, flagged
  reason TEXT NOT NULL,                   -- (once) why, as the reader said
  reference_id BLOB,                      -- (once) the review, appeal or visit that it was for
  sought BLOB,                            -- (once) HMAC-SHA256 of the ID number that was asked for
  beneficiary_id BLOB,                    -- (once) whose data were shown; none when nothing was
  outcome TEXT NOT NULL                   -- (once) shown, nobody, elsewhere, not_listed
) STRICT;
CREATE INDEX access_log_by_staff ON access_log (staff_id, at);
CREATE INDEX access_log_by_beneficiary ON access_log (beneficiary_id, at);

CREATE TABLE audit_entry (
  seq INTEGER NOT NULL PRIMARY KEY,       -- (once) counts from 1 without a gap
  at INTEGER NOT NULL,                    -- (once)
  action TEXT NOT NULL,                   -- (once) what was decided or done
  actor_id BLOB,                          -- (once) the account that did it; none for the service and its operator
  subject BLOB,                           -- (once) opaque identifier, or keyed hash, of what it was done to
  detail TEXT NOT NULL,                   -- (once) codes; never words about a person
  previous BLOB NOT NULL,                 -- (once) hash of the entry before; zeros before the first
  hash BLOB NOT NULL                      -- (once) SHA-256 over all of the above
) STRICT;

CREATE TABLE audit_head (
  id INTEGER NOT NULL PRIMARY KEY,        -- (once) always 1; whoever appends locks this row
  seq INTEGER NOT NULL,                   -- of the last entry; 0 before the first
  hash BLOB NOT NULL                      -- of the last entry; zeros before the first
) STRICT;

CREATE TABLE invitation (
  id BLOB NOT NULL PRIMARY KEY,           -- (once)
  code_digest BLOB NOT NULL UNIQUE,       -- (once) SHA-256 of the code
  area TEXT NOT NULL,                     -- (once) where the volunteer will work
  inviter_id BLOB NOT NULL REFERENCES staff (id), -- (once)
  created_at INTEGER NOT NULL,            -- (once)
  expires_at INTEGER NOT NULL,            -- (once)
  accepted_at INTEGER,                    -- (once) an invitation makes one account
  account_id BLOB REFERENCES staff (id)  -- (once) the account that it made
) STRICT;

CREATE TABLE roster (
  id BLOB NOT NULL PRIMARY KEY,           -- (once)
  volunteer_id BLOB NOT NULL REFERENCES staff (id), -- (once) who visits
  maker_id BLOB NOT NULL REFERENCES staff (id), -- (once)
  made_at INTEGER NOT NULL,               -- (once)
  ends_at INTEGER NOT NULL                -- (once) good until then
) STRICT;
CREATE INDEX roster_by_volunteer ON roster (volunteer_id, ends_at);

CREATE TABLE roster_person (
  roster_id BLOB NOT NULL REFERENCES roster (id), -- (once)
  beneficiary_id BLOB NOT NULL REFERENCES beneficiary (id), -- (once) who is visited
  PRIMARY KEY (roster_id, beneficiary_id)
) STRICT;
