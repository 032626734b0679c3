package provider

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
)

// A Fault is an OAuth error as a client is told about it (RFC 6749 §5.2). Methods return it; one
// place renders it, in the dialect of the layout.
type Fault struct {
	// Status is the HTTP status in the shared layout.
	Status int
	// Code is the OAuth error code in the shared layout.
	Code string
	// Description is for the developer of the client. It never holds what the request sent.
	Description string
	// RetryAfter is sent, in whole seconds, when it is not zero.
	RetryAfter time.Duration
	// Err is for the log.
	Err error

	variant variant
}

func (f *Fault) Error() string {
	if f.Err == nil {
		return f.Code + ": " + f.Description
	}
	return fmt.Sprintf("%s: %s: %v", f.Code, f.Description, f.Err)
}

func (f *Fault) Unwrap() error { return f.Err }

// retryAfter is what clients are told when the trouble is ours: long enough for a node of the
// database to be replaced by the next, short enough for an SBC to notice.
const retryAfter = 2 * time.Second

// unavailable says that we cannot know. It is never an answer about the token, the user or the client.
func unavailable(err error) *Fault {
	return &Fault{
		Status: http.StatusServiceUnavailable, Code: "temporarily_unavailable",
		Description: "Please try again in a moment", RetryAfter: retryAfter, Err: err,
	}
}

// tooMany refuses what comes too often. It says nothing about who or what was asked for.
func tooMany(retry time.Duration, err error) *Fault {
	return &Fault{
		Status: http.StatusTooManyRequests, Code: "temporarily_unavailable",
		Description: "Too many requests", RetryAfter: max(retry, time.Second), Err: err,
	}
}

func invalidRequest(description string) *Fault {
	return &Fault{Status: http.StatusBadRequest, Code: "invalid_request", Description: description}
}

func invalidGrant(description string) *Fault {
	return &Fault{Status: http.StatusBadRequest, Code: "invalid_grant", Description: description}
}

// asFault is where every error becomes one that may be told.
func asFault(err error) *Fault {
	var fault *Fault
	if errors.As(err, &fault) {
		return fault
	}
	var notYet grant.NotYet
	if errors.As(err, &notYet) {
		return waiting(notYet)
	}
	var refused *grant.Invalid
	if errors.As(err, &refused) {
		return &Fault{Status: http.StatusBadRequest, Code: "invalid_grant", Description: refused.Description, Err: refused.Err}
	}
	return unavailable(err)
}
