// Package sqlstore keeps broker-owned state in SQLite or in MySQL/MariaDB. One Store satisfies the
// store interfaces that broker, grant, registry and keyring declare beside their use.
//
// # One SQL text for both engines
//
// Every statement is a constant of type query, in the common subset of both engines, and begins
// with its name in a comment, so that a slow query log speaks the language of this package.
//
//   - Identifiers, hashes and free text are binary columns, bound as []byte: 'abc', 'abc ' and
//     'ABC' are three identifiers, whatever the server's collation.
//   - Times are microseconds since 1970 in BIGINT columns, NULL for the zero time; what is read
//     back is UTC. Ids are 16 random bytes made here.
//   - Zero affected rows means that the WHERE clause matched nothing, on both engines.
//
// # Transactions
//
// Exported methods own the transaction. It is at most five seconds long, retries included; it is
// retried as a whole after a deadlock, a lock timeout or a lost connection. One-time things are
// consumed by a single conditional UPDATE that writes the caller's nonce beside the mark; a retry
// after a lost COMMIT reply finds its own nonce and knows that it has won. Rows whose ids are made
// before the first try need no nonce: a duplicate met after a lost COMMIT reply is our own row.
//
// # Changes
//
// A transaction appends what it changed to the change feed that all replicas poll, and hands the
// same entries to the OnChange listener of this process after COMMIT: also when the outcome of
// COMMIT is unknown, because forgetting a cached value too often is harmless.
package sqlstore
