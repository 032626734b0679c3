package demo

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	_ "modernc.org/sqlite" // the sample database

	"github.com/patchbay-auth/patchbay/broker/sqlstore"
	"github.com/patchbay-auth/patchbay/cmd/patchbay/internal/server"
	"github.com/patchbay-auth/patchbay/internal/keyfile"
	"github.com/patchbay-auth/patchbay/internal/secret"
	"github.com/patchbay-auth/patchbay/legacy"
	profile "github.com/patchbay-auth/patchbay/legacy/iq"
	"github.com/patchbay-auth/patchbay/testdata/iq"
)

// open opens patchbay on SQLite files in the demo's directory.
func (d *demo) open(ctx context.Context, base string) error {
	legacyFile, err := d.sampleDatabase(ctx)
	if err != nil {
		return err
	}
	keys, err := d.keys()
	if err != nil {
		return err
	}
	return d.openOn(ctx, server.Config{
		PublicURL: base, PrivateLogouts: true,
		State:  sqlstore.Config{DSN: secret.New("sqlite:" + d.path("state.db"))},
		Legacy: legacy.Config{Engine: legacy.SQLite, DSN: secret.New(legacyFile), Profile: profile.Profile()},
		Keys:   keys,
		Log:    d.log,
	})
}

// openOn opens patchbay on any databases; the state's schema is brought up to date first.
func (d *demo) openOn(ctx context.Context, c server.Config) error {
	if err := migrate(ctx, c.State); err != nil {
		return err
	}
	c.Limits = limits()
	s, err := server.Open(ctx, c)
	if err != nil {
		return err
	}
	d.server = s
	d.onClose(s.Close)
	return nil
}

// sampleDatabase makes the IQ sample unless an earlier run has.
func (d *demo) sampleDatabase(ctx context.Context) (string, error) {
	file := d.path("iq.db")
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return "", err
	}
	if err := iq.Load(ctx, db, "sqlite"); err != nil {
		return "", errors.Join(err, db.Close(), os.Remove(file))
	}
	return file, db.Close()
}

// keys opens the key file of an earlier run or makes one. The identity that unlocks it lies beside
// it, which is good enough for a demo and for nothing else.
func (d *demo) keys() (*keyfile.Keys, error) {
	text, err := os.ReadFile(d.path("identity.txt"))
	if errors.Is(err, fs.ErrNotExist) {
		identity, err := keyfile.GenerateIdentity()
		if err != nil {
			return nil, err
		}
		unlock, err := keyfile.Identity(identity)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(d.path("identity.txt"), []byte(identity+"\n"), 0o600); err != nil {
			return nil, err
		}
		return keyfile.Create(d.path("keys.age"), unlock, time.Now())
	}
	if err != nil {
		return nil, err
	}
	unlock, err := keyfile.Identity(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.path("identity.txt"), err)
	}
	return keyfile.Open(d.path("keys.age"), unlock)
}

func migrate(ctx context.Context, c sqlstore.Config) error {
	store, err := sqlstore.Open(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(store.Migrate(ctx), store.Close())
}
