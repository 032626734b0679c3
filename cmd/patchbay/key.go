package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/internal/keyfile"
)

func keyCommand() *cobra.Command {
	c := &cobra.Command{Use: "key", Short: "Manage the sealed key file and the signing keys"}
	c.AddCommand(keyGenerateCommand(), keyListCommand())
	return c
}

func keyGenerateCommand() *cobra.Command {
	var add, identity bool
	c := &cobra.Command{
		Use:   "generate",
		Short: "Make the sealed key file, or add a data key to it",
		Long: `Writes the file that key_file names, sealed by key_file_passphrase or key_file_identity. Without
--add it never replaces a file. With --add the new data key seals from the next start on: give every
server the new file before any restarts.

--identity prints a fresh identity for key_file_identity_file instead, and writes nothing.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if identity {
				text, err := keyfile.GenerateIdentity()
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(c.OutOrStdout(), text)
				return err
			}
			return generateKeyFile(c, add)
		},
	}
	c.Flags().BoolVar(&add, "add", false, "add a data key to the existing file")
	c.Flags().BoolVar(&identity, "identity", false, "print a fresh age identity")
	return c
}

func generateKeyFile(c *cobra.Command, add bool) error {
	cfg, err := loadConfig(c)
	if err != nil {
		return err
	}
	unlock, err := unlockOf(cfg)
	if err != nil {
		return err
	}
	write := keyfile.Create
	if add {
		write = keyfile.AddKey
	}
	keys, err := write(cfg.KeyFile.Path, unlock, time.Now())
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: key generate --add adds a data key to it", err)
	}
	if err != nil {
		return err
	}
	list := keys.List()
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s holds %d data key(s); %s seals\n", cfg.KeyFile.Path, len(list), list[len(list)-1].ID)
	return err
}

func keyListCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List data keys and signing keys, without their secrets",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withState(c, func(ctx context.Context, s *server.State) error {
				records, err := s.Store.LoadKeys(ctx)
				if err != nil {
					return err
				}
				return printKeys(c, s.Keys.List(), records, asJSON)
			})
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

type keyLine struct {
	Use       string    `json:"use"` // data or signing
	ID        string    `json:"id"`
	Scope     string    `json:"scope,omitempty"`
	Algorithm string    `json:"alg"`
	CreatedAt time.Time `json:"created_at"`
	Current   bool      `json:"current"`
}

func printKeys(c *cobra.Command, data []keyfile.Info, signing []keyring.Record, asJSON bool) error {
	lines := []keyLine{}
	for _, k := range data {
		lines = append(lines, keyLine{Use: "data", ID: k.ID.String(), Algorithm: "AES-256-GCM", CreatedAt: k.CreatedAt, Current: k.Current})
	}
	now := time.Now()
	for _, k := range signing {
		signs := !now.Before(k.ActiveAt) && (k.RetireAt.IsZero() || now.Before(k.RetireAt))
		lines = append(lines, keyLine{"signing", string(k.ID), string(k.Scope), string(k.Algorithm), k.CreatedAt, signs})
	}
	if asJSON {
		return json.NewEncoder(c.OutOrStdout()).Encode(lines)
	}
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "USE\tALG\tSCOPE\tCREATED\tCURRENT\tID")
	for _, l := range lines {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%t\t%s\n", l.Use, l.Algorithm, l.Scope, l.CreatedAt.UTC().Format(time.RFC3339), l.Current, l.ID)
	}
	return w.Flush()
}
