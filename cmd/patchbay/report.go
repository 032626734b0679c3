package main

import (
	"github.com/spf13/cobra"
)

func reportCommand() *cobra.Command {
	c := &cobra.Command{Use: "report", Short: "Tell how things have gone"}
	c.AddCommand(reportMigrationCommand(), reportShadowCommand())
	return c
}
