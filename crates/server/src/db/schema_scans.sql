-- The day on which a scan goes, whether or not a certification stands on it. Conventions as in version 1.
ALTER TABLE mailed_form ADD COLUMN delete_on INTEGER; -- day on which its scan goes, by the policy of the day it was taken in
-- What came back before this version: with its certification, and what was refused after two years, as every shipped policy says.
UPDATE mailed_form SET delete_on = COALESCE(
  (SELECT MAX(c.delete_on) FROM certification c WHERE c.beneficiary_id = mailed_form.beneficiary_id AND c.evidence_id = mailed_form.id), returned_day + 730)
WHERE scan_path IS NOT NULL;
CREATE INDEX mailed_form_to_delete ON mailed_form (delete_on) WHERE scan_path IS NOT NULL;
