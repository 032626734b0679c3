package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// teachUsage has every command below c say how it is used when it is used wrongly. Cobra by itself
// takes `connection tst` for a wish to read the help, and calls that a success.
func teachUsage(c *cobra.Command) {
	for _, sub := range c.Commands() {
		teachUsage(sub)
		if sub.HasSubCommands() && !sub.Runnable() {
			sub.RunE, sub.DisableFlagsInUseLine = chooseCommand, true
			continue
		}
		if args := sub.Args; args != nil {
			sub.Args = func(c *cobra.Command, given []string) error { return withUsage(c, args(c, given)) }
		}
	}
	c.SetFlagErrorFunc(withUsage)
}

// chooseCommand is what a command does that only has commands below it.
func chooseCommand(c *cobra.Command, given []string) error {
	if len(given) == 0 {
		return c.Help()
	}
	c.SuggestionsMinimumDistance = 2
	hint := "see " + c.CommandPath() + " --help"
	if alike := c.SuggestionsFor(given[0]); len(alike) > 0 {
		hint = "did you mean " + strings.Join(alike, " or ") + "?"
	}
	return fmt.Errorf("unknown command %q for %q: %s", given[0], c.CommandPath(), hint)
}

func withUsage(c *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w\nusage: %s", err, c.UseLine())
}
