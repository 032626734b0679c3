CREATE TABLE pb_keys (
	id VARBINARY(255) NOT NULL,
	scope VARBINARY(255) NOT NULL,
	algorithm VARBINARY(32) NOT NULL,
	seq BIGINT NOT NULL,
	sealed BLOB NOT NULL,
	created_at BIGINT,
	active_at BIGINT,
	retire_at BIGINT,
	expires_at BIGINT,
	PRIMARY KEY (id),
	UNIQUE (scope, algorithm, seq)
);
