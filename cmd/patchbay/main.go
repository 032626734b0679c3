// Command patchbay is a federation broker between identity providers and a legacy user database.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/provider"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// gcPercent lets the heap grow to two and a half times what lives before it is collected: with 10 000 tokens in
// memory the process stays below 120 MB. The environment's GOGC goes before.
const gcPercent = 150

// run executes one command line and returns the exit status: 0, or 1 with the error on stderr.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	setDefaultLog(slog.NewTextHandler(stderr, nil))
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if !errors.Is(err, errReported) {
		_, _ = fmt.Fprintln(stderr, "patchbay:", err)
	}
	return 1
}

// setDefaultLog sends what libraries write to the default logger to h, without the chatter of the
// OpenID Provider library.
func setDefaultLog(h slog.Handler) { slog.SetDefault(slog.New(provider.WithoutLibrary(h))) }

// errReported means that the command has already told what is wrong.
var errReported = errors.New("reported")

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "patchbay",
		Short:         "A federation broker between identity providers and a legacy user database",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.PersistentFlags().StringP("config", "c", "patchbay.yaml", "configuration `file`")
	root.AddCommand(
		serveCommand(), demoCommand(), migrateCommand(),
		checkCommand(), applyCommand(), exportCommand(), connectionCommand(), domainCommand(), keyCommand(),
		explainCommand(), mapCommand(), externalIDsCommand(), reportCommand(), sessionCommand(), revokeCommand(), auditCommand(), consentCommand(), benchCommand(), versionCommand(),
	)
	teachUsage(root)
	return root
}
