// Package census counts, once a day for the whole installation, by which schemes the legacy database stores
// its passwords, so that a migration can be seen to go on. Any number of nodes may try:
//
//	nobody's --ClaimCensus--> one node's --SaveCensus--> done
//	              ^                |
//	              +--- an hour <---+   a node that began and never came to the end
//
// Everybody is read, a page at a time, with pauses as long as the reading; only the counts stay.
package census
