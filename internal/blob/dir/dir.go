// Package dir is a blob.Store in a folder: two letters, then the name.
package dir

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/identikit/identikit/internal/blob"
)

// Dir is the folder that holds the blobs.
type Dir struct{ root string }

// Open makes the folder if it is missing.
func Open(root string) (Dir, error) {
	if err := os.MkdirAll(filepath.Join(root, "new"), 0o700); err != nil {
		return Dir{}, fmt.Errorf("blob: %w", err)
	}
	return Dir{root}, nil
}

var nameForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (d Dir) path(name string) (string, error) {
	if !nameForm.MatchString(name) {
		return "", blob.ErrNotFound
	}
	return filepath.Join(d.root, name[:2], name), nil
}

// Put implements blob.Store.
func (d Dir) Put(_ context.Context, r io.Reader) (string, error) {
	f, err := os.CreateTemp(filepath.Join(d.root, "new"), "")
	if err != nil {
		return "", fmt.Errorf("blob: %w", err)
	}
	defer os.Remove(f.Name()) // nothing is there any more after the rename
	defer f.Close()
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(f, hash), r); err != nil {
		return "", fmt.Errorf("blob: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return "", fmt.Errorf("blob: %w", err)
	}
	name := hex.EncodeToString(hash.Sum(nil))
	path, err := d.path(name)
	if err != nil {
		return "", err
	}
	if err := d.folder(filepath.Dir(path)); err != nil {
		return "", fmt.Errorf("blob: %w", err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return "", fmt.Errorf("blob: %w", err)
	}
	return name, syncDir(filepath.Dir(path))
}

// folder makes a two-letter folder, durably, if it is not there.
func (d Dir) folder(path string) error {
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	return syncDir(d.root)
}

// syncDir makes the rename durable.
func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("blob: %w", err)
	}
	defer f.Close()
	return f.Sync()
}

// Get implements blob.Store.
func (d Dir) Get(_ context.Context, name string) (io.ReadCloser, error) {
	path, err := d.path(name)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, blob.ErrNotFound
	}
	return f, err
}

// Delete implements blob.Store.
func (d Dir) Delete(_ context.Context, name string) error {
	path, err := d.path(name)
	if err != nil {
		return nil
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("blob: %w", err)
	}
	return nil
}

// Each implements blob.Store. What a crash left half-written is removed on the way.
func (d Dir) Each(ctx context.Context, before time.Time, fn func(string) error) error {
	return filepath.WalkDir(d.root, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, os.ErrNotExist) || (err == nil && !info.ModTime().Before(before)) {
			return nil
		}
		if err != nil {
			return err
		}
		if filepath.Base(filepath.Dir(path)) == "new" {
			return os.Remove(path)
		}
		return fn(entry.Name())
	})
}
