package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/grant"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// revocable says what a flag of the command revokes.
var revocable = [...]struct {
	flag, usage string
	kind        grant.Kind
}{
	{"session", "one session, by its sid; the tokens behind it die and its clients are told", grant.KindSession},
	{"user", "everything a user has, sessions included", grant.KindUser},
	{"client", "every token a client has; sessions go on", grant.KindClient},
	{"tenant", "everything anybody of a tenant has, sessions included", grant.KindTenant},
	{"grant", "what one login gave one client, by the gid of its access tokens", grant.KindGrant},
	{"token", "one access token", grant.KindToken},
}

func revokeCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "revoke --session SID | --user ACCOUNT/USER-ID | --client ID | --tenant ACCOUNT | --grant GID | --token JTI",
		Short: "Make tokens and sessions useless",
		Long: `Revokes what was issued until now, in the state database; running servers notice within a second.
Access tokens become inactive, refresh tokens die, sessions end. Applications that registered a
backchannel_logout_uri are told of ended sessions by the running servers. Nobody is locked out: who
may log in may do so again. To lock somebody out, switch off the user, the client or the tenant first.`,
		Args: cobra.NoArgs,
	}
	values := make([]string, len(revocable))
	var names []string
	for i, r := range revocable {
		c.Flags().StringVar(&values[i], r.flag, "", r.usage)
		names = append(names, r.flag)
	}
	c.MarkFlagsOneRequired(names...)
	c.MarkFlagsMutuallyExclusive(names...)
	c.RunE = func(c *cobra.Command, _ []string) error {
		return withState(c, func(ctx context.Context, s *server.State) error {
			for i, r := range revocable {
				if !c.Flags().Changed(r.flag) {
					continue
				}
				subject, event, err := revocation(ctx, s, r.kind, values[i])
				if err != nil {
					return fmt.Errorf("--%s %q: %w", r.flag, values[i], err)
				}
				if err := revoke(ctx, s, r.kind, subject, event); err != nil {
					return err
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "revoked %s %s\n", r.flag, subject)
				return err
			}
			return nil
		})
	}
	return c
}

// revocation checks what a flag names, as far as the state can tell, and returns it as revocations
// spell it, with the event to record.
func revocation(ctx context.Context, s *server.State, kind grant.Kind, value string) (string, broker.Event, error) {
	e := broker.Event{Kind: broker.Revoked, Actor: actor(), Detail: map[string]string{string(kind): value}}
	known := s.Registry.Snapshot()
	switch kind {
	case grant.KindSession:
		sid, err := reference(value)
		if err != nil {
			return "", e, err
		}
		session, err := s.Store.Session(ctx, sid)
		if errors.Is(err, broker.ErrNotFound) {
			return "", e, errors.New("there is no such session")
		}
		e.Account, e.UserID, e.LoginID = session.Account, session.UserID, session.LoginID
		return sid.String(), e, err
	case grant.KindUser:
		account, user, _ := strings.Cut(value, "/")
		if _, ok := known.Tenant(registry.Account(account)); !ok || user == "" {
			return "", e, errors.New("want ACCOUNT/USER-ID, of a tenant that exists")
		}
		e.Account, e.UserID = registry.Account(account), mapping.UserID(user)
		return grant.UserSubject(e.Account, e.UserID), e, nil
	case grant.KindClient:
		client, ok := known.Client(value)
		if !ok {
			return "", e, errors.New("there is no such client")
		}
		e.Account, e.ClientID = client.Account, client.ID
		return client.ID, e, nil
	case grant.KindTenant:
		if _, ok := known.Tenant(registry.Account(value)); !ok {
			return "", e, errors.New("there is no such tenant")
		}
		e.Account = registry.Account(value)
		return value, e, nil
	case grant.KindGrant:
		gid, err := reference(value)
		return gid.String(), e, err
	case grant.KindToken:
		if value == "" {
			return "", e, errors.New("want the jti of an access token")
		}
	}
	return value, e, nil
}

// reference reads an id with whatever case and hyphens people copy it.
func reference(text string) (id.ID, error) {
	ref, err := id.Parse(strings.ToLower(strings.ReplaceAll(text, "-", "")))
	if err == nil && ref.IsZero() {
		err = errors.New("is empty")
	}
	return ref, err
}

// revoker revokes what running servers learn of by the change feed.
func revoker(s *server.State) *grant.Service {
	return grant.New(grant.Config{Store: s.Store, Sealer: s.Keys, Revocations: &grant.Revocations{}})
}

func revoke(ctx context.Context, s *server.State, kind grant.Kind, subject string, e broker.Event) error {
	now := time.Now()
	if err := revoker(s).Revoke(ctx, kind, subject); err != nil {
		return err
	}
	e.ID, e.At = id.New(), now
	if err := s.Store.AppendEvents(ctx, []broker.Event{e}); err != nil {
		return fmt.Errorf("revoked, but the audit log does not say so: %w", err)
	}
	return nil
}
