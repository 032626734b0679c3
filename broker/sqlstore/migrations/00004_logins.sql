CREATE TABLE pb_attempts (
	id BINARY(16) NOT NULL,
	state VARBINARY(32) NOT NULL,
	account VARBINARY(255) NOT NULL,
	request MEDIUMBLOB NOT NULL,
	browser BINARY(32) NOT NULL,
	connection VARBINARY(255) NOT NULL,
	upstream_state BINARY(32),
	sealed_memo BLOB,
	moved_by BINARY(16),
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (id),
	UNIQUE (upstream_state)
);

CREATE INDEX pb_attempts_expires_at ON pb_attempts (expires_at);

CREATE TABLE pb_sessions (
	id BINARY(16) NOT NULL,
	token BINARY(32) NOT NULL,
	issuer BLOB NOT NULL,
	account VARBINARY(255) NOT NULL,
	browser BINARY(32) NOT NULL,
	user_id VARBINARY(255) NOT NULL,
	idp VARBINARY(255) NOT NULL,
	external_id VARBINARY(512) NOT NULL,
	upstream_session BLOB NOT NULL,
	auth_time BIGINT,
	amr BLOB,
	acr BLOB NOT NULL,
	login_id BINARY(16),
	created_at BIGINT NOT NULL,
	seen_at BIGINT,
	expires_at BIGINT NOT NULL,
	absolute_at BIGINT NOT NULL,
	ended_at BIGINT,
	PRIMARY KEY (id),
	UNIQUE (token)
);

CREATE INDEX pb_sessions_expires_at ON pb_sessions (expires_at);

CREATE TABLE pb_logins (
	id BINARY(16) NOT NULL,
	attempt_id BINARY(16),
	at BIGINT NOT NULL,
	account VARBINARY(255) NOT NULL,
	client_id VARBINARY(255) NOT NULL,
	connection VARBINARY(255) NOT NULL,
	subject VARBINARY(512) NOT NULL,
	user_id VARBINARY(255) NOT NULL,
	reason VARBINARY(255) NOT NULL,
	detail BLOB NOT NULL,
	trace MEDIUMBLOB,
	address VARBINARY(64) NOT NULL,
	PRIMARY KEY (id)
);

CREATE INDEX pb_logins_account ON pb_logins (account, at);

CREATE INDEX pb_logins_user ON pb_logins (account, user_id, at);

-- One external id belongs to one user, and a user has one external id on a connection.
CREATE TABLE pb_links (
	account VARBINARY(255) NOT NULL,
	connection VARBINARY(255) NOT NULL,
	external_id VARBINARY(512) NOT NULL,
	user_id VARBINARY(255) NOT NULL,
	login_id BINARY(16),
	created_at BIGINT NOT NULL,
	PRIMARY KEY (account, connection, external_id),
	UNIQUE (account, connection, user_id)
);
