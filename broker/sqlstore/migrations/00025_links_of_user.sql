-- Whoever is linked to a connection that enforces single sign-on has no password here.
CREATE INDEX pb_links_user ON pb_links (account, user_id);
