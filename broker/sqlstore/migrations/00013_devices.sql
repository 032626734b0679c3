-- RFC 8628. Request is what the client asked for, body the grant once a person has allowed it.
CREATE TABLE pb_devices (
	id BINARY(16) NOT NULL,
	code BINARY(32) NOT NULL,
	user_code VARBINARY(16) NOT NULL,
	request MEDIUMBLOB NOT NULL,
	state VARBINARY(32) NOT NULL,
	body MEDIUMBLOB,
	poll_interval BIGINT NOT NULL,
	poll_after BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	used_at BIGINT,
	used_by BINARY(16),
	PRIMARY KEY (id),
	UNIQUE (code),
	UNIQUE (user_code)
);

CREATE INDEX pb_devices_expires_at ON pb_devices (expires_at);

-- User codes that were typed and belong to no device, to limit guessing.
CREATE TABLE pb_wrong_user_codes (
	id BINARY(16) NOT NULL,
	at BIGINT NOT NULL,
	PRIMARY KEY (id)
);

CREATE INDEX pb_wrong_user_codes_at ON pb_wrong_user_codes (at);

-- An attempt for a device names it, and remembers the session that the person is asked about. The
-- default is 'authorize', in bytes.
ALTER TABLE pb_attempts ADD COLUMN purpose VARBINARY(32) NOT NULL DEFAULT X'617574686F72697A65';

ALTER TABLE pb_attempts ADD COLUMN device_id BINARY(16);

ALTER TABLE pb_attempts ADD COLUMN session_id BINARY(16);
