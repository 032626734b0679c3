-- When a key retires follows from the key after it. What its row says beyond that is that it was
-- withdrawn.
ALTER TABLE pb_keys ADD COLUMN revoked_at BIGINT;

ALTER TABLE pb_keys DROP COLUMN retire_at;

ALTER TABLE pb_keys DROP COLUMN expires_at;
