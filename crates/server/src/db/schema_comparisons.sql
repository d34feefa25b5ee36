-- The run that did not find somebody. Conventions as in version 1. Until now such a fact named only its day, and a withdrawal took
-- back what every run of that day had said. Each was recorded at the moment at which its run began.
UPDATE fact SET about_id = (SELECT r.id FROM silent_run r
  WHERE r.on_day = fact.on_day AND r.began_at = fact.recorded_at ORDER BY r.id LIMIT 1)
WHERE kind = 'no_match' AND about_id IS NULL;
UPDATE fact SET about_id = (SELECT f.about_id FROM fact f
  WHERE f.beneficiary_id = fact.beneficiary_id AND f.kind = 'no_match' AND f.on_day = fact.on_day ORDER BY f.about_id LIMIT 1)
WHERE kind = 'no_match_withdrawn' AND about_id IS NULL;
