package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/broker/sqlstore"
)

func migrateCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the state database to this version's schema",
		Long:  "Creates or updates the tables of the state database. Run it from one process, before serve.",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			cfg, err := loadConfig(c)
			if err != nil {
				return err
			}
			store, err := sqlstore.Open(c.Context(), sqlstore.Config{DSN: cfg.StateDSN})
			if err != nil {
				return err
			}
			if err := errors.Join(store.Migrate(c.Context()), store.Close()); err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), "state schema is current")
			return err
		},
	}
}
