// Package legacy reads users, passwords, softphones and configuration from a database that
// belongs to somebody else, whatever its schema, through the SQL statements of a Profile. It is
// the broker's Directory.
//
// The statements find candidates; this package decides. A collation equates E and É, a and A, abc
// and abc followed by a space; so what a statement returns is compared with what was asked for, byte
// by byte, and rows that only resemble it are dropped. Values that no statement should see (NUL,
// invalid UTF-8, keys of kilobytes) match nobody, without asking.
//
// Open checks the whole profile against the database, and reports every fault at once.
//
// A user and their details are served from memory for 30 s, and for 15 min while the database does
// not answer; searches and passwords are never cached.
package legacy
