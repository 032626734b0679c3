-- What browsers posted here for an identity provider, until the same browser comes to fetch it: a post
-- from another site carries no cookies, by which we could tell whose browser it is.
CREATE TABLE pb_callbacks (
	handle BINARY(32) NOT NULL,
	account VARBINARY(255) NOT NULL,
	connection VARBINARY(255) NOT NULL,
	sealed_body MEDIUMBLOB NOT NULL,
	expires_at BIGINT NOT NULL,
	used_by BINARY(16),
	PRIMARY KEY (handle)
);

CREATE INDEX pb_callbacks_expires_at ON pb_callbacks (expires_at);
