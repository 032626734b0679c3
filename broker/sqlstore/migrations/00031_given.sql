-- Roles and groups that a login gave, beside those of the directory, as JSON.
ALTER TABLE pb_sessions ADD COLUMN given BLOB;
