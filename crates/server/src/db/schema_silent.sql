-- Silent certification: traces from other services, registers to compare with, runs and what they found.
-- Conventions as in version 2. Traces and statements have no reference to `beneficiary`: each comes out of a join with it, nobody
-- is ever deleted from it, and the check would cost more than the row.

CREATE TABLE silent_import (
  number INTEGER NOT NULL PRIMARY KEY,    -- (once) counts from 1
  digest BLOB NOT NULL UNIQUE,            -- (once) SHA-256 over kind, day and content: the same file is taken once
  kind TEXT NOT NULL,                     -- (once) events, register
  on_day INTEGER,                         -- (once) of a register: the day of which it speaks
  taken_at INTEGER NOT NULL,              -- (once) when it began
  ended_at INTEGER,                       -- (once) when all of it was in; none: cut short, and it says nothing yet
  kept INTEGER NOT NULL,                  -- (once) rows that it added
  known INTEGER NOT NULL,                 -- (once) rows that were there already
  nobody INTEGER NOT NULL,                -- (once) rows about people who are not in the register of pensions
  left_out INTEGER NOT NULL               -- (once) rows that could not be read; of a register with any, nobody is absent
) STRICT;

CREATE TABLE trace (
  beneficiary_id BLOB NOT NULL,           -- (once) whose
  kind TEXT NOT NULL,                     -- (once) what, as the rules name it
  on_day INTEGER NOT NULL,                -- (once) the day of which it speaks; one of a kind a day
  import INTEGER NOT NULL,                -- (once) the import that brought it first
  PRIMARY KEY (beneficiary_id, kind, on_day)
) STRICT, WITHOUT ROWID;

CREATE TABLE household_statement (
  import INTEGER NOT NULL,                -- (once) the register
  beneficiary_id BLOB NOT NULL,           -- (once) of whom
  status TEXT NOT NULL,                   -- (once) what it states, as the rules name it
  PRIMARY KEY (import, beneficiary_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE silent_run (
  id BLOB NOT NULL PRIMARY KEY,           -- (once) follows from rules, day, data and whether it is a shadow: none is made twice
  rules_file TEXT NOT NULL,               -- (once) the file's name
  rules_version INTEGER NOT NULL,         -- (once) its version
  rules TEXT NOT NULL,                    -- (once) the file, TOML
  on_day INTEGER NOT NULL,                -- (once) the day that was looked at
  shadow INTEGER NOT NULL,                -- (once) 1 when it only reports
  last_import INTEGER NOT NULL,           -- (once) the last import that it knew; 0: none
  register_import INTEGER,                -- (once) the register that it compared
  began_at INTEGER NOT NULL,              -- (once) also the moment of everything that it recorded
  ended_at INTEGER,                       -- (once) none: cut short, and to be repeated or taken back
  pass_reverted_at INTEGER,               -- (once) since when its confirmations are void
  dead_reverted_at INTEGER,               -- (once) since when its reports of death are withdrawn
  missing_reverted_at INTEGER             -- (once) since when it says of nobody that the data did not find them
) STRICT;

CREATE TABLE silent_finding (
  run_id BLOB NOT NULL,                   -- (once) the run
  beneficiary_id BLOB NOT NULL,           -- (once) about whom
  outcome TEXT NOT NULL,                  -- (once) confirmed, not_confirmed, flagged, suspected_dead
  proof_day INTEGER,                      -- (once) of confirmed: the day that proves
  grounds TEXT NOT NULL,                  -- (once) why, in codes: kinds, days, points
  effect TEXT NOT NULL,                   -- (once) what was recorded: certified, review, missing, nothing
  about_id BLOB,                          -- (once) the certification or review
  PRIMARY KEY (run_id, beneficiary_id)
) STRICT, WITHOUT ROWID;
