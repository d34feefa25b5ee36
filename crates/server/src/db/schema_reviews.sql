-- Cases in the hands of clerks, and the way by which an activation came. Conventions as in version 1.

CREATE TABLE review_taken (
  review_id BLOB NOT NULL PRIMARY KEY REFERENCES review (id), -- (once)
  clerk_id BLOB NOT NULL,                 -- who has it in hand
  taken_until INTEGER NOT NULL            -- another may take it then
) STRICT;

CREATE TABLE review_word (
  review_id BLOB NOT NULL REFERENCES review (id), -- (once)
  clerk_id BLOB NOT NULL,                 -- (once) whose word
  decision TEXT NOT NULL,                 -- (once) as review.decision
  died_day INTEGER,                       -- (once) day of death, where that is the decision
  reason BLOB NOT NULL,                   -- (once) sealed; the clerk's words
  said_at INTEGER NOT NULL,               -- (once)
  PRIMARY KEY (review_id, clerk_id)
) STRICT;

ALTER TABLE activation ADD COLUMN channel TEXT; -- (once) the way, where a link led to it; else it follows from the mode
