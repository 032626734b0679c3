package main

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"github.com/patchbay-auth/patchbay/internal/keyfile"
)

func keyCommand() *cobra.Command {
	c := &cobra.Command{Use: "key", Short: "Manage the sealed key file and the signing keys"}
	c.AddCommand(keyGenerateCommand(), keyListCommand(), keyRotateCommand())
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
