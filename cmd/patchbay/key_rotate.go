package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
)

func keyRotateCommand() *cobra.Command {
	var scope string
	var now bool
	c := &cobra.Command{
		Use:   "rotate",
		Short: "Replace signing keys ahead of their schedule",
		Long: `Servers rotate signing keys by themselves, every 90 days. This announces new ones today; they sign in
24 hours, when everybody knows them, and nobody notices.

--now is for keys that may have been seen. It revokes all signing keys, announced and retired ones
too, and the new ones sign at once. Every token that the old ones signed is invalid from the next
second on: people go on with their next refresh, single sign-on stays, switches register again.
Resource servers that verify tokens by themselves accept old ones until they read the key set again.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withState(c, func(ctx context.Context, s *server.State) error {
				return rotateKeys(ctx, c, s.Keyring, scope, now)
			})
		},
	}
	c.Flags().StringVar(&scope, "scope", "", "only the keys of `SCOPE`: shared, realm:ACCOUNT or connection:ACCOUNT/ID")
	c.Flags().BoolVar(&now, "now", false, "revoke the old keys at once")
	return c
}

func rotateKeys(ctx context.Context, c *cobra.Command, keys *keyring.Keyring, only string, now bool) error {
	scopes := []keyring.Scope{keyring.Scope(only)}
	if only == "" {
		scopes = scopesOf(keys)
	}
	rotate := keys.Announce
	if now {
		rotate = keys.Replace
	}
	for _, scope := range scopes {
		added, err := rotate(ctx, scope, actor())
		if err != nil {
			return err
		}
		if err := printRotation(c, scope, added); err != nil {
			return err
		}
	}
	return nil
}

func scopesOf(keys *keyring.Keyring) []keyring.Scope {
	var scopes []keyring.Scope
	for _, k := range keys.List() { // by scope
		scopes = append(scopes, k.Scope)
	}
	return slices.Compact(scopes)
}

func printRotation(c *cobra.Command, scope keyring.Scope, added []keyring.Record) error {
	if len(added) == 0 {
		_, err := fmt.Fprintf(c.OutOrStdout(), "%s: the next keys are announced already\n", scope)
		return err
	}
	for _, r := range added {
		if _, err := fmt.Fprintf(c.OutOrStdout(), "%s: %s key %s signs from %s\n", scope, r.Algorithm, r.ID, moment(r.ActiveAt)); err != nil {
			return err
		}
	}
	return nil
}
