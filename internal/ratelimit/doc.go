// Package ratelimit counts what callers may spend: a bucket for each key, which holds a burst and is
// refilled at a steady rate.
//
// A bucket is one number, the moment at which it will be full again (the generic cell rate algorithm,
// ITU-T I.371). One that is full carries no information, so that forgetting it costs nothing, and a
// bounded number of buckets is enough: when there are more keys than room, those that come back most
// often are kept, which are the ones worth counting.
package ratelimit
