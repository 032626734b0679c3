package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

func sessionCommand() *cobra.Command {
	c := &cobra.Command{Use: "session", Short: "See who is logged in"}
	c.AddCommand(sessionListCommand())
	return c
}

func sessionListCommand() *cobra.Command {
	var account, user string
	var limit int
	var asJSON bool
	c := &cobra.Command{
		Use:   "list --account ACCOUNT [--user USER-ID]",
		Short: "List the live sessions of a tenant, newest first",
		Long:  "Prints each session's sid, which revoke --session takes, its user, and the clients it reached.",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withState(c, func(ctx context.Context, s *server.State) error {
				if _, ok := s.Registry.Snapshot().Tenant(registry.Account(account)); !ok {
					return fmt.Errorf("--account %q: there is no such tenant", account)
				}
				sessions, err := s.Store.LiveSessions(ctx, registry.Account(account), mapping.UserID(user), time.Now(), limit)
				if err != nil {
					return err
				}
				lines := []sessionJSON{}
				for _, session := range sessions {
					line, err := sessionLine(ctx, s.Store, session)
					if err != nil {
						return err
					}
					lines = append(lines, line)
				}
				return listSessions(c.OutOrStdout(), lines, asJSON)
			})
		},
	}
	f := c.Flags()
	f.StringVar(&account, "account", "", "the tenant's account")
	f.StringVar(&user, "user", "", "only sessions of this user id")
	f.IntVar(&limit, "limit", 100, "how many sessions to list")
	f.BoolVar(&asJSON, "json", false, "print JSON")
	if err := c.MarkFlagRequired("account"); err != nil {
		panic(err) // the flag is defined above
	}
	return c
}

type sessionJSON struct {
	ID        id.ID     `json:"sid"`
	UserID    string    `json:"user_id"`
	IDP       string    `json:"idp"`
	Issuer    string    `json:"issuer"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"`
	ExpiresAt time.Time `json:"expires_at"`
	LoginID   id.ID     `json:"login_id"`
	Clients   []string  `json:"clients"`
}

func sessionLine(ctx context.Context, store broker.SessionStore, s broker.Session) (sessionJSON, error) {
	line := sessionJSON{
		ID: s.ID, UserID: string(s.UserID), IDP: s.IDP, Issuer: s.Issuer, CreatedAt: s.CreatedAt.UTC(),
		SeenAt: s.SeenAt.UTC(), ExpiresAt: s.ExpiresAt.UTC(), LoginID: s.LoginID, Clients: []string{},
	}
	reached, err := store.SessionClients(ctx, s.ID)
	for _, c := range reached {
		line.Clients = append(line.Clients, c.ClientID)
	}
	slices.Sort(line.Clients)
	return line, err
}

func listSessions(out io.Writer, lines []sessionJSON, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(lines)
	}
	for _, l := range lines {
		_, err := fmt.Fprintf(out, "%s  user %-10s %-10s since %s, last seen %s  %s\n", l.ID, l.UserID, l.IDP,
			l.CreatedAt.Format(time.RFC3339), l.SeenAt.Format(time.RFC3339), strings.Join(l.Clients, " "))
		if err != nil {
			return err
		}
	}
	return nil
}
