package keyfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// maxSize holds three hundred data keys.
const maxSize = 64 << 10

// ErrExposed means that others than its owner may read or write a key file, and that it was not used.
var ErrExposed = errors.New("readable or writable by others than its owner")

var errNoUnlock = errors.New("neither a passphrase nor an identity is given")

// Open reads the key file at path. It refuses one that others can read (ErrExposed) and one that is
// not sealed (ErrNotSealed). A wrong passphrase or identity is an error that says so.
func Open(path string, unlock Unlock) (*Keys, error) {
	if unlock.identity == nil {
		return nil, fmt.Errorf("key file %s: %w", path, errNoUnlock)
	}
	content, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	keys, err := unseal(content, unlock)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return keys, nil
}

// Create writes a key file with one new data key, readable by its owner only. It never replaces a
// file: the error wraps fs.ErrExist.
func Create(path string, unlock Unlock, now time.Time) (*Keys, error) {
	return change(path, unlock, func() (*Keys, error) {
		switch _, err := os.Lstat(path); {
		case err == nil:
			return nil, fs.ErrExist
		case !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
		return Generate(now)
	})
}

// AddKey adds a data key to the key file at path. The new key seals from the next start on, the old
// ones still open what they sealed; so every replica needs the new file before any restarts with it.
func AddKey(path string, unlock Unlock, now time.Time) (*Keys, error) {
	return change(path, unlock, func() (*Keys, error) {
		content, err := read(path)
		if err != nil {
			return nil, err
		}
		old, err := unseal(content, unlock)
		if err != nil {
			return nil, err
		}
		return newKeys(append(old.keys[:len(old.keys):len(old.keys)], newDataKey(now)))
	})
}

// change writes the keys that next returns to a new file and moves it to path, so that a reader, or
// a power failure, sees the old content or the new. The new file is made first and must not exist:
// it keeps two changes from losing each other's keys.
func change(path string, unlock Unlock, next func() (*Keys, error)) (keys *Keys, err error) {
	defer func() {
		if err != nil {
			keys, err = nil, fmt.Errorf("key file %s: %w", path, err)
		}
	}()
	if unlock.recipient == nil {
		return nil, errNoUnlock
	}
	temporary := path + ".new"
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator's path
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("another change is under way, or one was interrupted and left %s: %w", temporary, err)
	}
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temporary))
		}
	}()
	if keys, err = next(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if err = write(file, keys, unlock); err != nil {
		return nil, err
	}
	if err = os.Rename(temporary, path); err != nil {
		return nil, err
	}
	return keys, syncDir(filepath.Dir(path))
}

// write seals keys into file, makes it durable and closes it.
func write(file *os.File, keys *Keys, unlock Unlock) error {
	sealed, err := seal(keys, unlock)
	if err == nil {
		_, err = file.Write(sealed)
	}
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func read(path string) ([]byte, error) {
	file, err := os.Open(path) //nolint:gosec // the operator's path
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // only read
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("it is not a regular file but %v", info.Mode())
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" { // which has no such bits
		return nil, fmt.Errorf("%w: its mode is %#o, want 0600 or 0400", ErrExposed, mode)
	}
	content, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxSize {
		return nil, fmt.Errorf("it has more than %d bytes", maxSize)
	}
	return content, nil
}

func unseal(content []byte, unlock Unlock) (*Keys, error) {
	if !looksSealed(content) {
		return nil, fmt.Errorf("%w: %s; make a sealed one with \"patchbay key generate\"", ErrNotSealed, describe(content))
	}
	var sealed io.Reader = bytes.NewReader(content)
	if bytes.HasPrefix(content, []byte(armor.Header)) {
		sealed = armor.NewReader(sealed)
	}
	plain, err := age.Decrypt(sealed, unlock.identity)
	if wrong := new(age.NoIdentityMatchError); errors.As(err, &wrong) {
		return nil, fmt.Errorf("the passphrase or identity does not open it: %w", err)
	}
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(plain)
	if err != nil {
		return nil, err
	}
	return decode(text)
}

func seal(keys *Keys, unlock Unlock) ([]byte, error) {
	text, err := keys.encode()
	if err != nil {
		return nil, err
	}
	var sealed bytes.Buffer
	armored := armor.NewWriter(&sealed)
	plain, err := age.Encrypt(armored, unlock.recipient)
	if err != nil {
		return nil, err
	}
	if _, err := plain.Write(text); err != nil {
		return nil, err
	}
	if err := errors.Join(plain.Close(), armored.Close()); err != nil {
		return nil, err
	}
	return sealed.Bytes(), nil
}

// syncDir makes a rename in the directory durable.
func syncDir(path string) error {
	if runtime.GOOS == "windows" { // cannot sync a directory
		return nil
	}
	dir, err := os.Open(path) //nolint:gosec // the operator's path
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
