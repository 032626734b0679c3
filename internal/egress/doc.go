// Package egress sends requests to addresses that others chose: the IdP of a connection, the
// application of a client. They reach https on the public Internet and nothing of this machine or its
// network, unless the operator allows that.
package egress
