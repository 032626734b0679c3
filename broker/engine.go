package broker

import (
	"context"
	"log/slog"
	"net/url"
	"time"

	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/broker/throttle"
	"github.com/patchbay-auth/patchbay/internal/id"
)

// Config is what an Engine needs. Durations have the defaults named; everything else is required
// unless it says otherwise.
type Config struct {
	Attempts  AttemptStore
	Sessions  SessionStore
	Consents  ConsentStore
	Origins   OriginStore
	Callbacks CallbackStore
	Creations CreationStore
	Registry  *registry.Registry
	Directory Directory
	Upstreams *Upstreams
	Grants    *grant.Service
	Sealer    Sealer
	Events    *EventLog
	// PublicURL is the base of the addresses that IdPs call back to, without a trailing slash.
	PublicURL string
	// Throttle counts failed logins. Nil means one with the default limits.
	Throttle *throttle.Throttle
	// FailureFloor returns how long a failed password login takes at least. Nil means 300 ms.
	FailureFloor func() time.Duration
	// AttemptLifetime bounds a login from first redirect to code. Zero means 10 minutes.
	AttemptLifetime time.Duration
	// SessionIdle ends a session that nobody uses. Zero means 8 hours.
	SessionIdle time.Duration
	// SessionAbsolute ends every session. Zero means 12 hours.
	SessionAbsolute time.Duration
	// Logger is nil for slog.Default.
	Logger *slog.Logger
	// Now reports the time; nil means time.Now.
	Now func() time.Time
	// Sleep waits for that long by the clock that Now tells, or until ctx ends, whose error it then returns.
	// Nil is for time.Now.
	Sleep func(context.Context, time.Duration) error
}

// Engine makes login decisions. It is safe for concurrent use.
type Engine struct {
	Config
	guesses *throttle.Guesses // at user codes
}

// New returns an Engine.
func New(c Config) *Engine {
	if c.FailureFloor == nil {
		c.FailureFloor = func() time.Duration { return 300 * time.Millisecond }
	}
	if c.Throttle == nil {
		c.Throttle = throttle.New(throttle.Config{Now: c.Now})
	}
	setDefault(&c.AttemptLifetime, 10*time.Minute)
	setDefault(&c.SessionIdle, 8*time.Hour)
	setDefault(&c.SessionAbsolute, 12*time.Hour)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	return &Engine{Config: c, guesses: throttle.NewGuesses(c.Now)}
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// Browser is what a request tells about the browser that sent it.
type Browser struct {
	// Binding is the value of the browser-binding cookie: random, the same for every attempt.
	Binding string
	// Session returns the value of the session cookie for an issuer, or "".
	Session func(issuer string) string
	// Known is the value of the cookie that Answer.Known set, or "".
	Known string
	// Home is the value of the cookie that Answer.Home set, or "".
	Home string
	// Address is the client's IP address.
	Address string
}

func (b Browser) hash() grant.Hash { return grant.HashOf(b.Binding) }

// A Step says what happens next in a login.
type Step int

// The steps.
const (
	StepLogin    Step = iota // show the login page of the attempt
	StepRedirect             // send the browser to URL, at an IdP
	StepAnswer               // answer the client
	StepDevice               // show the device page of the attempt
	StepConsent              // ask whether the client may learn what it asks for
)

// Next is the outcome of one step of a login that was not refused.
type Next struct {
	Step      Step
	AttemptID id.ID
	URL       string     // for StepRedirect
	Form      url.Values // for StepRedirect: to be posted to URL, unless it is nil
	Answer    *Answer    // for StepAnswer; for StepDevice and StepRedirect after a login, without a code: its cookies
}

// An Answer is what the client is told (RFC 6749 §4.1.2, OpenID Connect Core §3.1.2.6).
type Answer struct {
	Request AuthRequest
	// Grant is set on success; Code is, too, unless the response type has none.
	Code  string
	Grant grant.Grant
	// Error is the error code on refusal, such as login_required or access_denied.
	Error       string
	Description string
	// SessionToken is the new session cookie for Request.Issuer; empty leaves the cookie alone.
	SessionToken string
	// Home is the new cookie by which the browser shows where it logged in last; empty leaves it alone.
	Home string
	// Known is the new cookie by which the browser shows whom it has logged in before; empty leaves
	// the cookie alone.
	Known string
}

func refuseClient(req AuthRequest, code, description string) Next {
	return Next{Step: StepAnswer, Answer: &Answer{Request: req, Error: code, Description: description}}
}

// attempt loads an attempt for a step of a browser and checks that it can still go on.
func (e *Engine) attempt(ctx context.Context, ref id.ID, b Browser) (Attempt, error) {
	a, err := e.Attempts.Attempt(ctx, ref)
	err = e.judgeAttempt(a, err, b)
	if err == nil && (a.State == StateDone || a.State == StateReturned) {
		err = &Refusal{Reason: ReasonUsed}
	}
	return a, err
}

// act is attempt for a step that does something: a refusal is kept in the audit log.
func (e *Engine) act(ctx context.Context, ref id.ID, b Browser) (Attempt, error) {
	a, err := e.attempt(ctx, ref, b)
	return a, e.turnedAway(ctx, a, "", b, err)
}
