package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
)

// defaultKeyNotice is how long IdPs have to load our metadata anew: most look once a day, and people at the
// others need a while.
const defaultKeyNotice = 14 * 24 * time.Hour

func connectionRotateCommand() *cobra.Command {
	var notice time.Duration
	c := &cobra.Command{
		Use: "rotate-key ACCOUNT/CONNECTION", Short: "Announce the next key of a connection that has a certificate",
		Long: `Makes the key that comes after the present one, and signs when --notice has passed.

For a SAML connection, its certificate is in our metadata from now on, beside the present one's: load them anew at the
identity provider before that. The two keys before the present one go on decrypting. For Entra ID with client_auth: private_key_jwt, upload what
patchbay connection certificate --next prints, and delete the present one there afterwards. At other OpenID Providers
the key of private_key_jwt changes by itself; for that one, see patchbay key rotate --scope.

With --notice 0s, for a key that somebody may have seen, the new one signs at once, and people can log in when the
identity provider knows it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			account, name, _ := strings.Cut(args[0], "/")
			if notice < 0 {
				return fmt.Errorf("--notice %s is negative", notice)
			}
			return withState(c, func(ctx context.Context, s *server.State) error {
				connection, err := certified(s.Registry.Snapshot(), registry.Account(account), name)
				if err != nil {
					return err
				}
				of := registry.ConnectionKey{Account: connection.Account, ID: connection.ID}
				keys, err := s.Store.UpstreamKeys(ctx, of)
				if err != nil {
					return err
				}
				now := time.Now()
				if n := len(keys); n > 0 && keys[n-1].UseFrom.After(now) && notice > 0 {
					return fmt.Errorf("the next key of %s is announced already, and signs from %s on; --notice 0s makes one that signs at once",
						args[0], keys[n-1].UseFrom.UTC().Format(time.RFC3339))
				}
				from := now.Add(notice)
				if len(keys) == 0 {
					from = now // nobody has seen a key of it yet
				}
				next := server.Announcement{Generation: len(keys) + 1, At: now, UseFrom: from, By: actor()}
				if err := s.AnnounceKey(ctx, of, next); err != nil {
					return err
				}
				_, err = fmt.Fprintf(c.OutOrStdout(), "%s: the next key is announced, and signs from %s on\n", args[0], from.UTC().Format(time.RFC3339))
				return err
			})
		},
	}
	c.Flags().DurationVar(&notice, "notice", defaultKeyNotice, "how long after now it begins to sign")
	return c
}
