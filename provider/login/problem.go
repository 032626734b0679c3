package login

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/internal/web"
)

// A Problem is an error that has a page of its own, in every language. Wrap it to say more in the
// log; the page never shows that. A *broker.Refusal has one as well.
type Problem string

func (p Problem) Error() string { return string(p) }

// The problems.
const (
	// UnknownClient is an authorization request of a client that does not exist or is disabled.
	UnknownClient Problem = "unknown_client"
	// UnregisteredRedirect is one with a redirect_uri that is not registered exactly so.
	UnregisteredRedirect Problem = "unregistered_redirect"
	// InvalidRequest is a request that nobody can make sense of.
	InvalidRequest Problem = "invalid_request"
	// InvalidLogout is a logout request whose hint or address to return to is not to be believed.
	InvalidLogout Problem = "invalid_logout"
	// NoPage is an address that does not exist.
	NoPage Problem = "no_page"
	// WrongMethod is a page's address used with another method.
	WrongMethod Problem = "wrong_method"
	// Forged is a form that our page in this browser did not send.
	Forged Problem = "forged"
	// TooManyRequests is an address that asks faster than its budget allows.
	TooManyRequests Problem = "too_many_requests"
	// Unavailable is trouble of ours.
	Unavailable Problem = "unavailable"

	// incomplete is a password form with an empty field.
	incomplete Problem = "incomplete"
	// nameless is a form without the user name that it asks for.
	nameless Problem = "nameless"
)

// ruleRefused is the key of the texts about a reason that a tenant's mapping rule gave.
const ruleRefused = "refused_by_rule"

// retryAfter is when trouble of ours may be over.
const retryAfter = 5 * time.Second

// outcome is how an error is told: by whose texts, in which status.
type outcome struct {
	key        string
	status     int
	level      slog.Level
	retryAfter time.Duration
	message    map[string]string
}

// what says what is wrong. Some texts name the minutes to wait.
func (o outcome) what(l web.Language) string {
	if said := tenantText(o.message, l); said != "" {
		return said
	}
	minutes := int((o.retryAfter + time.Minute - 1) / time.Minute)
	return l.Text(o.key+".what", "minutes", strconv.Itoa(minutes))
}

// tenantText returns what a tenant's rule says, in the page's language if it has that, else in English,
// else in any.
func tenantText(message map[string]string, l web.Language) string {
	for _, tag := range append([]string{l.Tag(), "en"}, slices.Sorted(maps.Keys(message))...) {
		if text := message[tag]; text != "" {
			return text
		}
	}
	return ""
}

// judge finds the outcome of an error. What it does not know is trouble of ours.
func judge(err error) outcome {
	var refusal *broker.Refusal
	var problem Problem
	switch {
	case errors.As(err, &refusal):
		o := judgeReason(refusal.Reason)
		if refusal.ByRule && o.key == string(Unavailable) { // the reason is the rule's own
			o = outcome{key: ruleRefused, status: http.StatusBadRequest, level: slog.LevelInfo}
		}
		o.retryAfter, o.message = max(o.retryAfter, refusal.RetryAfter), refusal.Message
		return o
	case errors.As(err, &problem):
		return judgeProblem(problem)
	case errors.Is(err, web.ErrForged):
		return judgeProblem(Forged)
	case errors.Is(err, context.Canceled):
		o := judgeProblem(Unavailable)
		o.level = slog.LevelInfo // the browser went away
		return o
	}
	return judgeProblem(Unavailable)
}

func judgeProblem(p Problem) outcome {
	o := outcome{key: string(p), status: http.StatusBadRequest, level: slog.LevelInfo}
	switch p {
	case NoPage:
		o.status = http.StatusNotFound
	case WrongMethod:
		o.status = http.StatusMethodNotAllowed
	case Forged:
		o.status, o.level = http.StatusForbidden, slog.LevelWarn
	case TooManyRequests:
		o.status, o.retryAfter = http.StatusTooManyRequests, time.Second
	case Unavailable:
		o.status, o.level, o.retryAfter = http.StatusServiceUnavailable, slog.LevelError, retryAfter
	case UnknownClient, UnregisteredRedirect, InvalidRequest, InvalidLogout, incomplete, nameless:
	default: // no texts exist for it
		return judgeProblem(Unavailable)
	}
	return o
}

func judgeReason(reason broker.Reason) outcome {
	o := outcome{key: string(reason), status: http.StatusBadRequest, level: slog.LevelInfo}
	switch reason {
	case broker.ReasonCredentials:
		o.status = http.StatusUnauthorized
	case broker.ReasonBusy, broker.ReasonUpstreamDown:
		o.status, o.level, o.retryAfter = http.StatusServiceUnavailable, slog.LevelWarn, retryAfter
	case broker.ReasonThrottled, broker.ReasonTooManyCodes:
		o.status = http.StatusTooManyRequests
	case broker.ReasonUpstream, broker.ReasonConnection, broker.ReasonWeak, broker.ReasonLogout:
		o.level = slog.LevelWarn // an administrator may have to act
	case broker.ReasonExpired, broker.ReasonUnknownAttempt, broker.ReasonUserCode, broker.ReasonBrowser, broker.ReasonUsed,
		broker.ReasonCancelled, broker.ReasonNotProvisioned, broker.ReasonAmbiguous, broker.ReasonInactive,
		broker.ReasonLoginTaken:
	default:
		return judgeProblem(Unavailable)
	}
	return o
}
