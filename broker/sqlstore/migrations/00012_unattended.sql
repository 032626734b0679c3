-- The client of a family that nobody logged in for, else NULL: there is a limit to those.
ALTER TABLE pb_families ADD COLUMN unattended VARBINARY(255);

CREATE INDEX pb_families_unattended ON pb_families (unattended, created_at);
