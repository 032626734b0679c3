-- Since when no name server has said whether the record of a domain is there: missing_since is what one has said.
ALTER TABLE pb_domains ADD COLUMN silent_since BIGINT;
