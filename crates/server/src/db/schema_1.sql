-- Version 1. Times are milliseconds since 1970, UTC; identifiers are UUIDs as 16 bytes unless said otherwise.
-- "Sealed" is XChaCha20-Poly1305, bound to table, column and row. Columns marked (once) never change after they are set.

CREATE TABLE beneficiary (
  id BLOB NOT NULL PRIMARY KEY,           -- (once) names the person inside the service
  id_hash BLOB NOT NULL UNIQUE,           -- HMAC-SHA256 of the ID number
  id_hash_key TEXT NOT NULL,              -- which key made id_hash
  id_number BLOB NOT NULL,                -- sealed
  name BLOB NOT NULL,                     -- sealed
  insured_place BLOB NOT NULL,            -- sealed; GB/T 2260, six digits
  residence BLOB NOT NULL,                -- sealed; GB/T 2260, six digits
  phones BLOB NOT NULL,                   -- sealed; one a line
  portrait BLOB,                          -- sealed; the picture file as it was imported
  face_print BLOB,                        -- sealed; embedding of the portrait, little-endian floats
  face_print_model TEXT,                  -- sha256 of the network that made face_print
  portrait_quality TEXT NOT NULL,         -- good, poor, no_face, missing
  imported_at INTEGER NOT NULL,           -- (once)
  updated_at INTEGER NOT NULL             -- when an import last changed the row
) STRICT;

CREATE TABLE activation (
  id BLOB NOT NULL PRIMARY KEY,           -- (once)
  beneficiary_id BLOB NOT NULL REFERENCES beneficiary (id), -- (once) whose facts matched
  token_digest BLOB NOT NULL UNIQUE,      -- (once) SHA-256 of the bearer token
  device_key BLOB NOT NULL,               -- (once) Ed25519 public key of the device
  mode TEXT NOT NULL,                     -- (once) self, assisted
  consent_text TEXT NOT NULL,             -- (once) version of the consent text
  consent_by TEXT NOT NULL,               -- (once) beneficiary, beneficiary_spoken
  created_at INTEGER NOT NULL,            -- (once) also when consent was given
  expires_at INTEGER NOT NULL,            -- (once)
  attempts INTEGER NOT NULL               -- attempts started with it
) STRICT;

CREATE TABLE attempt (
  id BLOB NOT NULL PRIMARY KEY,           -- (once)
  activation_id BLOB NOT NULL REFERENCES activation (id), -- (once)
  beneficiary_id BLOB NOT NULL REFERENCES beneficiary (id), -- (once)
  token_digest BLOB NOT NULL UNIQUE,      -- (once) SHA-256 of the bearer token
  nonce BLOB NOT NULL,                    -- (once) 32 bytes
  demo INTEGER NOT NULL,                  -- (once) 1 when the frames come from the actor
  policy TEXT NOT NULL,                   -- (once) the rules, JSON
  recipient_key TEXT NOT NULL,            -- (once) key id that the evidence is sealed to
  issued_at INTEGER NOT NULL,             -- (once)
  commit_by INTEGER NOT NULL,             -- (once) the capture must be committed before this
  state TEXT NOT NULL,                    -- open, committed, accepted, certified, review, refused
  reasons TEXT NOT NULL,                  -- codes, comma between; of review and refused
  committed_at INTEGER,                   -- (once)
  chain_head BLOB,                        -- (once) final head, 32 bytes
  frames INTEGER,                         -- (once) recorded frames
  duration_ms INTEGER,                    -- (once) length of the recording
  plan_hash BLOB,                         -- (once) digest of the steps as revealed, 32 bytes
  deliver_by INTEGER,                     -- (once) until when the bundle may arrive
  accepted_at INTEGER,                    -- (once) when the evidence was durable
  evidence_path TEXT,                     -- (once) where in the object store
  delete_at INTEGER,                      -- (once) when the evidence must go
  deleted_at INTEGER,                     -- (once) when it went
  judged_at INTEGER,                      -- when it came to its outcome: by the judge, a clerk, or a step that failed
  judgement TEXT                          -- (once) reasons and figures for the clerk, JSON
) STRICT;
CREATE INDEX attempt_by_beneficiary ON attempt (beneficiary_id, issued_at);
CREATE INDEX attempt_by_delete_at ON attempt (delete_at) WHERE deleted_at IS NULL;

CREATE TABLE step (
  attempt_id BLOB NOT NULL REFERENCES attempt (id), -- (once)
  idx INTEGER NOT NULL,                   -- (once) counts from 0
  action TEXT NOT NULL,                   -- (once)
  wait_ms INTEGER NOT NULL,               -- (once) rest before the cue
  revealed_at INTEGER NOT NULL,           -- (once)
  frames INTEGER NOT NULL,                -- (once) frames recorded when it was revealed
  chain_head BLOB NOT NULL,               -- (once) head over them, 32 bytes
  report TEXT,                            -- (once) how it ended, as the phone saw it, JSON
  ended_frames INTEGER,                   -- (once) frames recorded when it ended
  ended_head BLOB,                        -- (once) head over them, 32 bytes
  ended_at INTEGER,                       -- (once) when the report came
  PRIMARY KEY (attempt_id, idx)
) STRICT;

CREATE TABLE upload (
  id BLOB NOT NULL PRIMARY KEY,           -- (once) also the name of the staged file
  attempt_id BLOB NOT NULL UNIQUE REFERENCES attempt (id), -- (once)
  length INTEGER NOT NULL,                -- (once) bytes of the whole
  received INTEGER NOT NULL,              -- bytes that are on the disk
  created_at INTEGER NOT NULL,            -- (once)
  completed_at INTEGER                    -- (once) when the whole was in the object store
) STRICT;

CREATE TABLE job (
  attempt_id BLOB NOT NULL PRIMARY KEY REFERENCES attempt (id), -- (once) the attempt to judge
  run_at INTEGER NOT NULL,                -- not before this
  leased_by BLOB,                         -- which process is at it
  leased_until INTEGER,                   -- after this another may take it
  tries INTEGER NOT NULL,                 -- times it was begun
  done_at INTEGER                         -- (once)
) STRICT;
CREATE INDEX job_to_do ON job (run_at) WHERE done_at IS NULL;

CREATE TABLE certificate (
  attempt_id BLOB NOT NULL PRIMARY KEY REFERENCES attempt (id), -- (once) one attempt certifies once
  serial TEXT NOT NULL UNIQUE,            -- (once) as printed
  beneficiary_id BLOB NOT NULL REFERENCES beneficiary (id), -- (once)
  sealed BLOB NOT NULL,                   -- (once) sealed; the COSE_Sign1 bytes
  signed_with TEXT NOT NULL,              -- (once) key id
  issued_at INTEGER NOT NULL,             -- (once)
  valid_until INTEGER NOT NULL,           -- (once)
  demo INTEGER NOT NULL                   -- (once) 1 when made from the actor
) STRICT;

CREATE TABLE failed_tries (
  kind TEXT NOT NULL,                     -- (once) device, address, device_and_id, id
  subject BLOB NOT NULL,                  -- (once) keyed hash of whom it counts
  window_start INTEGER NOT NULL,          -- (once) when counting began
  failures INTEGER NOT NULL,              -- failures since
  PRIMARY KEY (kind, subject)
) STRICT;
