-- Visits at which nobody opened. Conventions as in version 1.

CREATE TABLE visit_in_vain (
  beneficiary_id BLOB NOT NULL REFERENCES beneficiary (id), -- (once)
  on_day INTEGER NOT NULL,                -- (once) the day of the visit
  volunteer_id BLOB NOT NULL,             -- (once) the account that was there
  said_at INTEGER NOT NULL,               -- (once)
  PRIMARY KEY (beneficiary_id, on_day, volunteer_id)
) STRICT;
CREATE INDEX visit_in_vain_old ON visit_in_vain (said_at);

-- The cases of a person: reviews are kept, and become many.
CREATE INDEX review_of_beneficiary ON review (beneficiary_id, kind, opened_at);
