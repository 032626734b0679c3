// Package proof examines a legacy database through its profile, on the rows that are there: what people
// cannot log in, which users cannot be told apart, which passwords nobody can verify, which softphones no
// switch could match. It only reads, a page at a time, and the memory it takes does not grow with the
// number of users: what was seen is remembered in a filter of fixed size, and what the filter takes for a
// repetition is asked of the database by the statement that a login would use.
//
// A finding names users by their ids and shows nothing else of them.
package proof
