-- Version 2: the service's year. Days are counted from 1970-01-01 in China's calendar; months are written YYYY-MM; whoever
-- took part is written as `beneficiary`, `family`, `judge`, `rules:3`, or `staff:`, `office:`, `employer:`, `volunteer:` and
-- an identifier. Rows of fact, standing_change and instruction are only ever added.

CREATE TABLE policy (
  place TEXT NOT NULL,                    -- (once) nationwide, or six digits
  schemes TEXT NOT NULL,                  -- (once) benefits, comma between
  version INTEGER NOT NULL,               -- (once) counts from 1
  file TEXT NOT NULL,                     -- (once) the file's name, for faults
  content TEXT NOT NULL,                  -- (once) the file, TOML
  applied_at INTEGER NOT NULL,            -- (once)
  applied_by TEXT NOT NULL,               -- (once) by whom
  PRIMARY KEY (place, schemes, version)
) STRICT;

CREATE TABLE benefit (
  beneficiary_id BLOB NOT NULL PRIMARY KEY REFERENCES beneficiary (id), -- (once) who draws it
  scheme TEXT NOT NULL,                   -- what is drawn
  entitled_from INTEGER NOT NULL,         -- day since when
  steps_until INTEGER NOT NULL,           -- last day whose steps are in standing_change
  next_look INTEGER,                      -- day before which nothing follows unless something is recorded; none: never
  looked_on INTEGER,                      -- day of the last look; the columns below are what it found
  standing TEXT NOT NULL,                 -- current, due, overdue, suspended, deceased
  cycle INTEGER,                          -- day the cycle began
  opens INTEGER,                          -- first day of the window
  due_by INTEGER,                         -- own due date
  closes INTEGER,                         -- last day of the window
  suspends_on INTEGER,                    -- first day of the suspension that is or is to come
  held TEXT,                              -- appeal, review
  policy_place TEXT,                      -- the policy looked by
  policy_version INTEGER                  -- its version
) STRICT;
CREATE INDEX benefit_to_look_at ON benefit (next_look, beneficiary_id);

CREATE TABLE fact (
  id BLOB NOT NULL PRIMARY KEY,           -- (once) follows from the rest, so that nothing is recorded twice
  beneficiary_id BLOB NOT NULL REFERENCES beneficiary (id), -- (once)
  kind TEXT NOT NULL,                     -- (once) certified, revoked, no_match, no_match_withdrawn, appeal_opened, appeal_decided, ...
  on_day INTEGER NOT NULL,                -- (once) the day it speaks of
  recorded_day INTEGER NOT NULL,          -- (once) the day from which it is known
  recorded_at INTEGER NOT NULL,           -- (once)
  about_id BLOB,                          -- (once) the certification, appeal, review or run of silent certification
  channel TEXT,                           -- (once) of certified
  clerk_id BLOB,                          -- (once) who decided
  upheld INTEGER                          -- (once) of appeal_decided: 1 when the person was right
) STRICT;
CREATE INDEX fact_of_beneficiary ON fact (beneficiary_id, recorded_day);

CREATE TABLE standing_change (
  beneficiary_id BLOB NOT NULL REFERENCES beneficiary (id), -- (once)
  on_day INTEGER NOT NULL,                -- (once) first day of the new standing
  was TEXT NOT NULL,                      -- (once) the old one
  is_now TEXT NOT NULL,                   -- (once) the new one
  PRIMARY KEY (beneficiary_id, on_day)
) STRICT;
CREATE INDEX standing_change_of_day ON standing_change (on_day);

CREATE TABLE certification (
  id BLOB NOT NULL PRIMARY KEY,           -- (once) follows from what was brought, so that none is recorded twice
  beneficiary_id BLOB NOT NULL REFERENCES beneficiary (id), -- (once) for whom
  channel TEXT NOT NULL,                  -- (once) how
  brought_by TEXT NOT NULL,               -- (once) by whom
  proof_day INTEGER NOT NULL,             -- (once) the day that proves
  recorded_day INTEGER NOT NULL,          -- (once)
  recorded_at INTEGER NOT NULL,           -- (once)
  evidence TEXT,                          -- (once) kind of evidence that is kept: face, call, paper, id_card, visit, data
  evidence_id BLOB,                       -- (once) names it: the attempt, the paper, the call
  reason TEXT,                            -- (once) why they are believed, where no evidence is kept
  decided_by TEXT NOT NULL,               -- (once) by whom
  seconded_by TEXT,                       -- (once) the second person, where the channel wants one
  policy_place TEXT NOT NULL,             -- (once) the policy that allowed it
  policy_version INTEGER NOT NULL,        -- (once) its version
  delete_on INTEGER                       -- (once) day on which the evidence must go
) STRICT;
CREATE INDEX certification_of_beneficiary ON certification (beneficiary_id, proof_day);

CREATE TABLE message (
  id BLOB NOT NULL PRIMARY KEY,           -- (once) follows from whom, cycle, rung and recipient, or from what it replaces: none is sent twice
  beneficiary_id BLOB NOT NULL REFERENCES beneficiary (id), -- (once)
  cycle INTEGER,                          -- (once) of a rung of the ladder
  rung TEXT NOT NULL,                     -- (once) the rung's name, or what is announced
  recipient TEXT NOT NULL,                -- (once) elder, family, community
  medium TEXT,                            -- sms, wechat, app, call, letter, task; none: a clerk has to find a way, or has told it in person
  legal INTEGER NOT NULL,                 -- (once) 1 when the law asks for it
  template TEXT NOT NULL,                 -- which words
  about_day INTEGER,                      -- the day that the words name; of a notice as it went
  quiet_from INTEGER NOT NULL,            -- minute of the day from which nothing is sent
  quiet_until INTEGER NOT NULL,           -- minute of the day from which it may be sent again
  decided_on INTEGER NOT NULL,            -- day on which it was due; the last, where it was withdrawn and told anew
  state TEXT NOT NULL,                    -- waiting, handed_over, delivered, failed, returned, no_way, withdrawn
  tries INTEGER NOT NULL,                 -- times it was given to the sender
  run_at INTEGER NOT NULL,                -- not before this
  handed_on INTEGER,                      -- (once) day on which a sender took it
  receipt TEXT                            -- (once) the sender's name for it
) STRICT;
CREATE INDEX message_of_beneficiary ON message (beneficiary_id, cycle);
CREATE INDEX message_to_send ON message (run_at) WHERE state = 'waiting';

CREATE TABLE instruction (
  id BLOB NOT NULL PRIMARY KEY,           -- (once) follows from whom and number: the payer takes each once
  beneficiary_id BLOB NOT NULL REFERENCES beneficiary (id), -- (once)
  number INTEGER NOT NULL,                -- (once) counts from 0 for each person
  kind TEXT NOT NULL,                     -- (once) suspend, resume, back_pay, stop
  told_on INTEGER NOT NULL,               -- (once) day
  from_month TEXT,                        -- (once) first month for which it holds
  months TEXT NOT NULL,                   -- (once) withheld months to be paid, comma between
  overpaid TEXT NOT NULL,                 -- (once) months paid after death, comma between
  cause TEXT,                             -- (once) of resume: confirmed, appeal
  died_on INTEGER                         -- (once) of stop: day of death
) STRICT;
CREATE UNIQUE INDEX instruction_of_beneficiary ON instruction (beneficiary_id, number);
CREATE INDEX instruction_of_day ON instruction (told_on);

CREATE TABLE payer_list (
  number INTEGER NOT NULL PRIMARY KEY,    -- (once) counts from 1
  made_at INTEGER NOT NULL,               -- (once)
  instructions INTEGER NOT NULL           -- how many it holds; fewer once it was written, where some could not be read
) STRICT;

CREATE TABLE payer_item (
  instruction_id BLOB NOT NULL PRIMARY KEY REFERENCES instruction (id), -- each is on one list
  list INTEGER NOT NULL REFERENCES payer_list (number) -- the list; another where it could not be read when the first was written
) STRICT;
CREATE INDEX payer_item_of_list ON payer_item (list);

CREATE TABLE contact_way (
  id BLOB NOT NULL PRIMARY KEY,           -- (once)
  beneficiary_id BLOB NOT NULL REFERENCES beneficiary (id), -- (once)
  recipient TEXT NOT NULL,                -- (once) elder, family
  medium TEXT NOT NULL,                   -- (once) sms, wechat, app, call, letter
  address BLOB NOT NULL,                  -- (once) sealed
  language TEXT NOT NULL,                 -- (once) zh-CN, en
  added_at INTEGER NOT NULL,              -- (once)
  added_by TEXT NOT NULL                  -- (once) by whom
) STRICT;
CREATE INDEX contact_way_of_beneficiary ON contact_way (beneficiary_id);

CREATE TABLE opt_out (
  beneficiary_id BLOB NOT NULL REFERENCES beneficiary (id), -- (once)
  recipient TEXT NOT NULL,                -- (once) who wants the legal notices only
  since INTEGER NOT NULL,                 -- (once)
  PRIMARY KEY (beneficiary_id, recipient)
) STRICT;

CREATE TABLE review (
  id BLOB NOT NULL PRIMARY KEY,           -- (once)
  beneficiary_id BLOB NOT NULL REFERENCES beneficiary (id), -- (once)
  kind TEXT NOT NULL,                     -- (once) submission, death_report, unreached, appeal
  attempt_id BLOB REFERENCES attempt (id), -- (once) the attempt that it is about
  statement BLOB,                         -- (once) sealed; what the person says
  opened_at INTEGER NOT NULL,             -- (once)
  answer_by INTEGER NOT NULL,             -- (once) day by which it must be decided
  decision TEXT,                          -- (once) certified, refused, upheld, dismissed, died, lives, found, not_found, withdrawn
  reason BLOB,                            -- (once) sealed; the clerk's words
  decided_by TEXT,                        -- (once) by whom
  decided_at INTEGER                      -- (once)
) STRICT;
CREATE INDEX review_open ON review (answer_by) WHERE decided_at IS NULL;

CREATE TABLE mailed_form (
  id BLOB NOT NULL PRIMARY KEY,           -- (once) names the paper
  beneficiary_id BLOB NOT NULL REFERENCES beneficiary (id), -- (once)
  channel TEXT NOT NULL,                  -- (once) paper_by_mail, assistance_form
  code_digest BLOB NOT NULL UNIQUE,       -- (once) SHA-256 of the code on the form
  issued_at INTEGER NOT NULL,             -- (once)
  issued_by TEXT NOT NULL,                -- (once) by whom
  valid_until INTEGER NOT NULL,           -- (once) last day on which it is taken
  returned_day INTEGER,                   -- (once) day on which it came back
  scan_path TEXT                          -- where the scan lies, sealed; none once it was deleted
) STRICT;

CREATE TABLE slot (
  id BLOB NOT NULL PRIMARY KEY,           -- (once)
  office_id BLOB NOT NULL,                -- (once) who calls
  begins_at INTEGER NOT NULL,             -- (once)
  minutes INTEGER NOT NULL,               -- (once) length
  beneficiary_id BLOB REFERENCES beneficiary (id), -- who has booked it
  booked_at INTEGER,                      -- when
  outcome TEXT,                           -- (once) certified, not_reached, not_sure
  decided_by TEXT                         -- (once) by whom
) STRICT;
CREATE UNIQUE INDEX slot_once ON slot (office_id, begins_at);
CREATE INDEX slot_of_beneficiary ON slot (beneficiary_id) WHERE beneficiary_id IS NOT NULL;
