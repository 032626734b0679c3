-- RFC 9126.
CREATE TABLE pb_pushed_requests (
	hash BINARY(32) NOT NULL,
	issuer BLOB NOT NULL,
	client_id VARBINARY(255) NOT NULL,
	parameters MEDIUMBLOB NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at BIGINT,
	used_by BINARY(16),
	PRIMARY KEY (hash)
);

CREATE INDEX pb_pushed_requests_expires_at ON pb_pushed_requests (expires_at);
