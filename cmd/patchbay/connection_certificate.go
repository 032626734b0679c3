package main

import (
	"context"
	"crypto/sha1" //nolint:gosec // Entra ID's pages name certificates by it
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker/registry"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/federation"
)

func connectionCertificateCommand() *cobra.Command {
	var next bool
	c := &cobra.Command{
		Use: "certificate ACCOUNT/CONNECTION", Short: "Print the certificate by which an identity provider knows a connection",
		Long: `Prints the certificate of the key that signs now, to be uploaded at the identity provider: at Entra ID, under
Certificates & secrets. It is the same each time. What it is called there, and until when it is valid, is on the standard
error. A SAML connection has its certificates in its metadata, too.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			account, name, _ := strings.Cut(args[0], "/")
			return withState(c, func(ctx context.Context, s *server.State) error {
				connection, err := certified(s.Registry.Snapshot(), registry.Account(account), name)
				if err != nil {
					return err
				}
				keys, err := s.OwnKeys(ctx, connection, time.Now)
				if err != nil {
					return err
				}
				switch {
				case !next:
					return printCertificate(c.OutOrStdout(), c.ErrOrStderr(), keys[0], "signs now")
				case len(keys) == 1:
					return fmt.Errorf("no next key is announced: patchbay connection rotate-key %s does", args[0])
				}
				return printCertificate(c.OutOrStdout(), c.ErrOrStderr(), keys[1], "signs from "+keys[1].UseFrom.UTC().Format(time.RFC3339)+" on")
			})
		},
	}
	c.Flags().BoolVar(&next, "next", false, "the certificate of the key that rotate-key has announced")
	return c
}

// certified finds a connection that has a certificate.
func certified(s *registry.Snapshot, account registry.Account, name string) (*registry.Connection, error) {
	switch c, ok := s.Connection(account, name); {
	case !ok:
		return nil, fmt.Errorf("connection %s/%s does not exist", account, name)
	case !server.HasCertificate(c):
		return nil, fmt.Errorf("%s/%s has no certificate: it is neither a SAML connection nor one with preset: entra and client_auth: private_key_jwt", account, name)
	default:
		return c, nil
	}
}

func printCertificate(out, aside io.Writer, key federation.KeyPair, when string) error {
	c := key.Certificate
	_, err := fmt.Fprintf(aside, "%s, %s, valid until %s\nSHA-1 thumbprint   %X\nSHA-256 thumbprint %X\n",
		c.Subject, when, c.NotAfter.UTC().Format(time.DateOnly), sha1.Sum(c.Raw), sha256.Sum256(c.Raw)) //nolint:gosec // see above
	if err != nil {
		return err
	}
	return pem.Encode(out, &pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}
