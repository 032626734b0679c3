-- The hash of the state that a posted response answers. Of several answers to one only the latest is kept, so
-- that nobody can fill the table with those to a single login.
ALTER TABLE pb_callbacks ADD COLUMN answers BINARY(32);

CREATE INDEX pb_callbacks_answers ON pb_callbacks (answers);
