-- Users who are about to be made in a legacy database that keeps no links, until they have theirs. The hash is
-- that of the link's key, the fingerprint that of the row as it was inserted.
CREATE TABLE pb_creations (
	hash BINARY(32) NOT NULL,
	user_id VARBINARY(255) NOT NULL,
	fingerprint BINARY(32) NOT NULL,
	created_at BIGINT NOT NULL,
	PRIMARY KEY (hash)
);

CREATE INDEX pb_creations_created_at ON pb_creations (created_at);
