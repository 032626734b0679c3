CREATE TABLE pb_codes (
	hash BINARY(32) NOT NULL,
	body MEDIUMBLOB NOT NULL,
	redirect_uri BLOB NOT NULL,
	challenge VARBINARY(255) NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at BIGINT,
	used_by BINARY(16),
	PRIMARY KEY (hash)
);

CREATE INDEX pb_codes_expires_at ON pb_codes (expires_at);

-- The columns that repeat the grant are those by which families are revoked.
CREATE TABLE pb_families (
	id BINARY(16) NOT NULL,
	grant_id BINARY(16) NOT NULL,
	session_id BINARY(16),
	account VARBINARY(255) NOT NULL,
	user_id VARBINARY(255) NOT NULL,
	client_id VARBINARY(255) NOT NULL,
	body MEDIUMBLOB NOT NULL,
	seq BIGINT NOT NULL,
	sealed_seed BLOB NOT NULL,
	created_at BIGINT NOT NULL,
	rotated_at BIGINT NOT NULL,
	rotated_by BINARY(16),
	expires_at BIGINT NOT NULL,
	absolute_at BIGINT NOT NULL,
	revoked_at BIGINT,
	PRIMARY KEY (id)
);

CREATE INDEX pb_families_grant ON pb_families (grant_id);

CREATE INDEX pb_families_session ON pb_families (session_id);

CREATE INDEX pb_families_user ON pb_families (account, user_id);

CREATE INDEX pb_families_client ON pb_families (client_id);

CREATE INDEX pb_families_expires_at ON pb_families (expires_at);

CREATE TABLE pb_revocations (
	id BINARY(16) NOT NULL,
	kind VARBINARY(32) NOT NULL,
	subject VARBINARY(512) NOT NULL,
	not_before BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (id)
);

CREATE INDEX pb_revocations_expires_at ON pb_revocations (expires_at);
