-- Which clients learned of a session: whom to tell when it ends. A row lives as long as the session
-- may at most.
CREATE TABLE pb_session_clients (
	session_id BINARY(16) NOT NULL,
	client_id VARBINARY(255) NOT NULL,
	audience VARBINARY(255) NOT NULL,
	reached_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (session_id, client_id)
);

CREATE INDEX pb_session_clients_expires_at ON pb_session_clients (expires_at);

CREATE INDEX pb_sessions_account ON pb_sessions (account, created_at);

CREATE INDEX pb_sessions_user ON pb_sessions (account, user_id, created_at);
