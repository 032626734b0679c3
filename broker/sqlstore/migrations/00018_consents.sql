-- What people have allowed clients to learn, for clients that must ask. One row for a person and a
-- client: the scopes of the last time they were asked.
CREATE TABLE pb_consents (
	account VARBINARY(255) NOT NULL,
	user_id VARBINARY(255) NOT NULL,
	client_id VARBINARY(255) NOT NULL,
	scope VARBINARY(4000) NOT NULL,
	granted_at BIGINT NOT NULL,
	PRIMARY KEY (account, user_id, client_id)
);
