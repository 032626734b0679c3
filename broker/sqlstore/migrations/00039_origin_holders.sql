-- Whose session it is on the connection, and under which external id it was opened, as hashes: when another
-- external id takes the place of that one, what was opened under it ends. Rows from before have neither, and
-- end at their time.
ALTER TABLE pb_origins ADD COLUMN holder BINARY(32);

ALTER TABLE pb_origins ADD COLUMN external BINARY(32);

CREATE INDEX pb_origins_holder ON pb_origins (holder);
