package broker

import (
	"context"
	"errors"

	"github.com/patchbay-auth/patchbay/internal/id"
)

// What a record keeps of texts that strangers choose, in bytes.
const (
	maxSubject    = 255
	maxConnection = 64
	maxDetail     = 1000
)

// newLogin returns the record of a decision about an attempt. connection and subject may be what a
// stranger typed.
func (e *Engine) newLogin(a Attempt, b Browser, connection, subject string) Login {
	return Login{
		ID: id.New(), AttemptID: a.ID, At: e.Now(), Account: a.Account, ClientID: a.Request.ClientID,
		Connection: truncate(connection, maxConnection), Subject: truncate(subject, maxSubject), Address: b.Address,
	}
}

// refuse records a refused login and returns what the person is told. again is the attempt that may
// go on, or zero.
func (e *Engine) refuse(ctx context.Context, l Login, again id.ID, cause error) error {
	if err := e.Sessions.RecordLogin(ctx, l, refusedEvent(l)); err != nil {
		return err
	}
	return &Refusal{Reason: l.Reason, LoginID: l.ID, AttemptID: again, Err: cause}
}

func refusedEvent(l Login) Event {
	return Event{
		ID: id.New(), At: l.At, Kind: LoginRefused, Account: l.Account, ClientID: l.ClientID, UserID: l.UserID,
		LoginID: l.ID, Reason: string(l.Reason), Address: l.Address,
		Detail: map[string]string{"connection": l.Connection, "detail": l.Detail},
	}
}

// turnedAway records a refusal that came before anything was tried, and returns err with the
// reference of the record. What names no attempt of ours leaves an event only, and an attempt has one
// record for each reason and connection, the first: strangers could fill the table that support looks
// logins up in.
func (e *Engine) turnedAway(ctx context.Context, a Attempt, connection string, b Browser, err error) error {
	var refused *Refusal
	if !errors.As(err, &refused) {
		return err
	}
	if a.ID.IsZero() {
		detail := map[string]string{"connection": truncate(connection, maxConnection)}
		if refused.Err != nil {
			detail["detail"] = truncate(refused.Err.Error(), maxDetail)
		}
		e.Events.Append(Event{Kind: LoginRefused, Account: a.Account, Reason: string(refused.Reason), Address: b.Address, Detail: detail})
		return err
	}
	record := e.newLogin(a, b, connection, "")
	once := string(refused.Reason)
	if _, known := e.Registry.Snapshot().Connection(a.Account, connection); known {
		once += " " + connection
	}
	record.ID = onceFor(a.ID, once)
	record.Reason = refused.Reason
	if refused.Err != nil {
		record.Detail = truncate(refused.Err.Error(), maxDetail)
	}
	return e.refuse(ctx, record, refused.AttemptID, refused.Err)
}

// truncate cuts s to at most n bytes.
func truncate(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s
}
