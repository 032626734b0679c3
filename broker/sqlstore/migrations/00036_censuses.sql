-- How passwords are stored in the legacy database, counted once a day. The row of a day is whose the
-- counting is, and when it was done. Days are text, as 2026-11-21.
CREATE TABLE pb_censuses (
	day VARBINARY(10) NOT NULL,
	claimed_by BINARY(16) NOT NULL,
	claimed_at BIGINT NOT NULL,
	done_at BIGINT,
	PRIMARY KEY (day)
);

CREATE INDEX pb_censuses_claimed_at ON pb_censuses (claimed_at);

CREATE TABLE pb_scheme_counts (
	id BINARY(16) NOT NULL,
	day VARBINARY(10) NOT NULL,
	taken_at BIGINT NOT NULL,
	tenant VARBINARY(255) NOT NULL,
	scheme VARBINARY(255) NOT NULL,
	users BIGINT NOT NULL,
	able BIGINT NOT NULL,
	PRIMARY KEY (id)
);

CREATE INDEX pb_scheme_counts_day ON pb_scheme_counts (day, tenant, scheme);

CREATE INDEX pb_scheme_counts_taken_at ON pb_scheme_counts (taken_at);
