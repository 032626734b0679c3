// Package bench measures a patchbay that it starts itself, on loopback, beside a bare net/http server
// that says hello in the same process and in the same run. Both are asked in turns by the same clients,
// so that a busy machine is busy for both, and what is compared is their ratio.
//
// The clients are raw: they write a prepared request and read an answer, without net/http's own client,
// whose cost would hide the servers'. Statements are those that the databases were sent, counted by the
// hooks of sqlstore and legacy, over a whole measurement, warm-up excluded.
package bench
