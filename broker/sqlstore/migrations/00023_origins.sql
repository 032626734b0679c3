-- What a session remembers of the identity provider it came from: whom that says it is, and what it must
-- be shown to end its own session.
ALTER TABLE pb_sessions ADD COLUMN upstream_subject VARBINARY(512) NOT NULL DEFAULT X'';

ALTER TABLE pb_sessions ADD COLUMN sealed_hint MEDIUMBLOB;

-- By what an identity provider names a session when it has ended there, as hashes. Rows outlive their
-- sessions, as refresh tokens do.
CREATE TABLE pb_origins (
	session_id BINARY(16) NOT NULL,
	subject BINARY(32),
	session BINARY(32),
	user_id VARBINARY(255) NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (session_id)
);

CREATE INDEX pb_origins_subject ON pb_origins (subject);

CREATE INDEX pb_origins_session ON pb_origins (session);

CREATE INDEX pb_origins_expires_at ON pb_origins (expires_at);

-- Browsers that log out at an identity provider and are expected back.
CREATE TABLE pb_departures (
	state BINARY(32) NOT NULL,
	account VARBINARY(255) NOT NULL,
	connection VARBINARY(255) NOT NULL,
	browser BINARY(32) NOT NULL,
	body BLOB NOT NULL,
	sealed_memo BLOB,
	expires_at BIGINT NOT NULL,
	used_by BINARY(16),
	PRIMARY KEY (state)
);

CREATE INDEX pb_departures_expires_at ON pb_departures (expires_at);
