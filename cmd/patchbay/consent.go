package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker"
	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/internal/id"
	"github.com/patchbay-auth/patchbay/mapping"
)

// longestToken is how long revocations are kept: no access token lives longer.
const longestToken = 24 * time.Hour

func consentCommand() *cobra.Command {
	c := &cobra.Command{Use: "consent", Short: "See and withdraw what people have allowed clients"}
	c.AddCommand(consentListCommand(), consentWithdrawCommand())
	return c
}

func consentListCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list ACCOUNT/USER-ID",
		Short: "List what a user has allowed",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			account, user, err := parseUser(args[0])
			if err != nil {
				return err
			}
			return withState(c, func(ctx context.Context, s *server.State) error {
				all, err := s.Store.Consents(ctx, account, user)
				if err != nil {
					return err
				}
				return printConsents(c, all, asJSON)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

func printConsents(c *cobra.Command, all []broker.Consent, asJSON bool) error {
	type line struct {
		ClientID  string    `json:"client_id"`
		Scope     string    `json:"scope"`
		GrantedAt time.Time `json:"granted_at"`
	}
	lines := []line{}
	for _, consent := range all {
		lines = append(lines, line{consent.ClientID, strings.Join(consent.Scope, " "), consent.GrantedAt.UTC()})
	}
	if asJSON {
		return json.NewEncoder(c.OutOrStdout()).Encode(lines)
	}
	for _, l := range lines {
		if _, err := fmt.Fprintf(c.OutOrStdout(), "%s  %-20s %s\n", l.GrantedAt.Format(time.RFC3339), l.ClientID, l.Scope); err != nil {
			return err
		}
	}
	return nil
}

func consentWithdrawCommand() *cobra.Command {
	var client string
	c := &cobra.Command{
		Use:   "withdraw ACCOUNT/USER-ID --client ID",
		Short: "Forget what a user has allowed a client, and end its refresh tokens",
		Long: `The client's refresh tokens for the user end, with the access tokens of the same grants, and the
user is asked the next time. Access tokens that were issued without a refresh token run out by themselves.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			account, user, err := parseUser(args[0])
			if err != nil {
				return err
			}
			return withState(c, func(ctx context.Context, s *server.State) error {
				now := time.Now()
				err := s.Store.WithdrawConsent(ctx, broker.Consent{Account: account, UserID: user, ClientID: client}, now.Add(longestToken), broker.Event{
					ID: id.New(), At: now, Kind: broker.ConsentWithdrawn, Account: account, ClientID: client, UserID: user, Actor: actor(),
				})
				if errors.Is(err, broker.ErrNotFound) {
					return fmt.Errorf("%s has allowed client %q nothing", args[0], client)
				}
				return err
			})
		},
	}
	c.Flags().StringVar(&client, "client", "", "the `client id`")
	if err := c.MarkFlagRequired("client"); err != nil {
		panic(err) // the flag is defined above
	}
	return c
}

// parseUser reads account/user id.
func parseUser(text string) (registry.Account, mapping.UserID, error) {
	account, user, ok := strings.Cut(text, "/")
	if !ok || account == "" || user == "" {
		return "", "", fmt.Errorf("user %q: want account/user-id, such as acme/4711", text)
	}
	return registry.Account(account), mapping.UserID(user), nil
}
