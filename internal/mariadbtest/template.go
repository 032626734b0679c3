package mariadbtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
)

// logFileSize keeps a data directory at 22 MB instead of 113. The template and the servers must
// agree on it.
const logFileSize = "--innodb-log-file-size=4M"

// templateDir returns an initialised data directory to copy. It is kept in the user's cache
// directory, by the digest of the program that made it, because making it takes a second.
func templateDir() (string, error) {
	program, err := exec.LookPath("mariadbd")
	if err != nil {
		return "", err
	}
	info, err := os.Stat(program)
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	// A new mariadbd has another time or size, and needs another template.
	name := fmt.Sprintf("mariadb-%d-%d-%d", os.Getuid(), info.Size(), info.ModTime().Unix())
	dir := filepath.Join(cache, "patchbay-test", name)
	if info, err := os.Lstat(dir); err == nil && info.IsDir() {
		return dir, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return "", err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "new")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(fresh) }() // gone already after the rename
	if err := initialise(fresh); err != nil {
		return "", err
	}
	// Another test binary may have been quicker; both templates are as good.
	if err := os.Rename(fresh, dir); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return dir, nil
}

func initialise(dir string) error {
	me, err := user.Current()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(context.Background(), "mariadb-install-db", "--no-defaults", "--user="+me.Username, "--datadir="+dir,
		"--skip-test-db", "--auth-root-authentication-method=normal", logFileSize)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mariadb-install-db: %w\n%s", err, out)
	}
	return nil
}
