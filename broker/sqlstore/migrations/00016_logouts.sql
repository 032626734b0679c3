-- The outbox of back-channel logout: a row for every client that has yet to hear of an ended session.
CREATE TABLE pb_logouts (
	session_id BINARY(16) NOT NULL,
	client_id VARBINARY(255) NOT NULL,
	audience VARBINARY(255) NOT NULL,
	issuer BLOB NOT NULL,
	account VARBINARY(255) NOT NULL,
	user_id VARBINARY(255) NOT NULL,
	tries BIGINT NOT NULL,
	next_at BIGINT NOT NULL,
	ended_at BIGINT NOT NULL,
	PRIMARY KEY (session_id, client_id)
);

CREATE INDEX pb_logouts_next_at ON pb_logouts (next_at);

CREATE INDEX pb_logouts_ended_at ON pb_logouts (ended_at);
