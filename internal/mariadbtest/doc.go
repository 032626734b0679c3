// Package mariadbtest gives tests a private MariaDB. DSN is all that most of them need:
//
//	db, err := sql.Open("mysql", mariadbtest.DSN(t))
//
// The first call starts one mariadbd for the whole test binary, on a unix socket, without network
// and without durability; every call makes a database of its own in it and drops it after the test.
// Start gives a test a server to itself, which it may pause and kill.
//
// A server never outlives its test binary, however that ends: the kernel kills it when its parent
// dies (PR_SET_PDEATHSIG), and a sweeper that waits on a pipe from the binary removes its files.
//
// Where mariadbd is not installed, tests skip, and say what to install; with mariadb in the
// comma-separated PATCHBAY_TEST_REQUIRE they fail instead. Linux only.
package mariadbtest
