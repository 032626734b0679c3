-- Runs once, when the composition's database is empty: the legacy database, and what patchbay may do
-- in it. It reads everything; it writes one table, the links between identity providers and users.
CREATE DATABASE iq CHARACTER SET utf8mb4;
USE iq;
SOURCE /sample/schema.mysql.sql
SOURCE /sample/seed.sql
GRANT SELECT ON iq.* TO 'patchbay'@'%';
GRANT INSERT ON iq.external_identities TO 'patchbay'@'%';
