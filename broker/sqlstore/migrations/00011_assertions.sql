-- What was presented once and must not be accepted again: the jti of a client's assertion, say.
CREATE TABLE pb_assertions (
	hash BINARY(32) NOT NULL,
	used_by BINARY(16) NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (hash)
);

CREATE INDEX pb_assertions_expires_at ON pb_assertions (expires_at);
