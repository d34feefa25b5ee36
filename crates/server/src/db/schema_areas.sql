-- Lists by area, who helped, why somebody was visited, and the family's phones. Conventions as in version 2.

ALTER TABLE benefit ADD COLUMN insured_place TEXT;   -- code of where the pension is insured, as in the register; none: not looked at since version 8
ALTER TABLE activation ADD COLUMN helper_id BLOB;    -- (once) the account that was signed in where the facts were entered

ALTER TABLE beneficiary ADD COLUMN family_phones BLOB; -- sealed; phones of family, as the register has them: one a line
ALTER TABLE certification_word ADD COLUMN reason TEXT; -- why the person is believed, as this account says: of a visit, why there was one

-- Whoever is on a list by area is looked at once more, also where nothing was left to look for, and gets the place by that.
UPDATE benefit SET next_look = 0 WHERE standing IN ('due', 'overdue', 'suspended');

-- Of what runs found, few are flagged.
CREATE INDEX silent_flagged ON silent_finding (run_id, beneficiary_id) WHERE outcome = 'flagged';

-- Most have nothing to do, and are on no list.
CREATE INDEX benefit_by_area ON benefit (standing, insured_place, due_by, beneficiary_id) WHERE standing <> 'current';
