-- What somebody cannot do, as they said before an attempt. Conventions as in version 1.
ALTER TABLE attempt ADD COLUMN limitations BLOB; -- sealed; JSON. Gone once nobody may have to decide about the attempt, also on appeal
