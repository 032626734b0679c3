package main

import (
	"context"
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker/keyring"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/internal/keyfile"
)

func keyListCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "List data keys and signing keys, without their secrets",
		Long: `Shows every key with what it does now and what will become of it. A signing key is announced 24
hours before it signs and signs for 90 days; its retirement is planned until its successor is announced,
and it stays in the key set until EXPIRES.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return withState(c, func(_ context.Context, s *server.State) error {
				lines := append(dataLines(s.Keys.List()), signingLines(s.Keyring.List())...)
				if asJSON {
					return json.NewEncoder(c.OutOrStdout()).Encode(lines)
				}
				return printKeys(c, lines)
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
	State     string    `json:"state"`
	CreatedAt time.Time `json:"created_at"`
	ActiveAt  time.Time `json:"active_at,omitzero"`
	RetireAt  time.Time `json:"retire_at,omitzero"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

func dataLines(keys []keyfile.Info) []keyLine {
	lines := []keyLine{}
	for _, k := range keys {
		state := "opening"
		if k.Current {
			state = "sealing"
		}
		lines = append(lines, keyLine{Use: "data", ID: k.ID.String(), Algorithm: "AES-256-GCM", State: state, CreatedAt: k.CreatedAt})
	}
	return lines
}

func signingLines(keys []keyring.Info) []keyLine {
	var lines []keyLine
	for _, k := range keys {
		lines = append(lines, keyLine{
			Use: "signing", ID: string(k.ID), Scope: string(k.Scope), Algorithm: string(k.Algorithm), State: string(k.State),
			CreatedAt: k.CreatedAt, ActiveAt: k.ActiveAt, RetireAt: k.RetireAt, ExpiresAt: k.ExpiresAt,
		})
	}
	return lines
}

func printKeys(c *cobra.Command, lines []keyLine) error {
	w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "USE\tALG\tSCOPE\tSTATE\tCREATED\tSIGNS FROM\tUNTIL\tEXPIRES\tID")
	for _, l := range lines {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", l.Use, l.Algorithm, l.Scope, l.State,
			moment(l.CreatedAt), moment(l.ActiveAt), moment(l.RetireAt), moment(l.ExpiresAt), l.ID)
	}
	return w.Flush() // and with it what the lines before could not write
}

// moment writes a time to the second, or nothing for none.
func moment(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.UTC().Format(time.RFC3339)
}
