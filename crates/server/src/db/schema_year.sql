-- What two accounts have to say before it is recorded, and what a volunteer reports; a clerk's word to the letter; which keys
-- and which folder belong to the database; what has gone on its day. Conventions as in version 2.

CREATE TABLE certification_word (
  certification_id BLOB NOT NULL,         -- (once) the name of the certification that it will be
  account_id BLOB NOT NULL,               -- (once) whose word
  beneficiary_id BLOB NOT NULL REFERENCES beneficiary (id), -- (once) about whom
  channel TEXT NOT NULL,                  -- (once) how they were certified
  brought_by TEXT NOT NULL,               -- by whom, as this account says
  seconded_by TEXT,                       -- the second person who was there, as this account says
  proof_day INTEGER NOT NULL,             -- the day that proves, as this account says
  said_at INTEGER NOT NULL,               -- when it was said last
  reported INTEGER NOT NULL,              -- (once) 1 when it is the visitor's own report
  PRIMARY KEY (certification_id, account_id)
) STRICT;

ALTER TABLE review ADD COLUMN died_day INTEGER;         -- (once) day of death, where that is the decision
ALTER TABLE review ADD COLUMN code TEXT;                -- (once) what the person is told of a refusal
ALTER TABLE review_word ADD COLUMN code TEXT;           -- (once) what the person is to be told of a refusal

-- Those that may have to be forgotten; the others are many.
CREATE INDEX attempt_with_limitations ON attempt (id) WHERE limitations IS NOT NULL;

CREATE TABLE known_key (
  role TEXT NOT NULL,                     -- (once) what it is for
  name TEXT NOT NULL,                     -- (once) as in the name of its file
  proof BLOB NOT NULL,                    -- (once) HMAC-SHA256 under the key: another key of the same name is seen
  known_at INTEGER NOT NULL,              -- (once) when it was first seen
  PRIMARY KEY (role, name)
) STRICT;

CREATE TABLE serving_folder (
  id INTEGER NOT NULL PRIMARY KEY,        -- (once) always 1
  folder_id BLOB NOT NULL,                -- the data folder from which calls are taken, by its own name
  since INTEGER NOT NULL                  -- since when
) STRICT;

ALTER TABLE silent_import ADD COLUMN thinned_at INTEGER; -- (once) since when rows of it have gone: it is compared no more
ALTER TABLE silent_import ADD COLUMN cleared_at INTEGER; -- (once) since when none is left
ALTER TABLE silent_run ADD COLUMN thinned_at INTEGER;   -- (once) since when findings of it have gone: it is not taken back
ALTER TABLE silent_run ADD COLUMN cleared_at INTEGER;   -- (once) since when none is left

CREATE TABLE retention_walk (
  id INTEGER NOT NULL PRIMARY KEY,        -- (once) always 1
  day INTEGER NOT NULL,                   -- the day whose old rows are being deleted
  reached_id BLOB NOT NULL                -- the last person gone through; the highest identifier: the day is done
) STRICT;
