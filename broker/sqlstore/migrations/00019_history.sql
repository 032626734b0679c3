-- History is deleted by age, whoever it is about.
CREATE INDEX pb_logins_at ON pb_logins (at);

-- What somebody typed to log in, or an IdP said about them, finds their logins.
CREATE INDEX pb_logins_subject ON pb_logins (account, subject, at);
