package simkit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Store is a folder of JSON files, one per thing that is kept. Each file is replaced as a whole, so that a process that
// is killed at any moment leaves the old content or the new one. The zero folder "" keeps nothing.
type Store struct{ dir string }

// OpenStore opens the folder dir, making it if need be, and sweeps up files that a killed process did not finish.
// An empty dir gives a store that forgets everything.
func OpenStore(dir string) (*Store, error) {
	if dir == "" {
		return &Store{}, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open state folder: %w", err)
	}
	unfinished, err := filepath.Glob(filepath.Join(dir, "*.tmp"))
	if err != nil {
		return nil, fmt.Errorf("open state folder: %w", err)
	}
	for _, name := range unfinished {
		if err := os.Remove(name); err != nil {
			return nil, fmt.Errorf("sweep state folder: %w", err)
		}
	}
	return &Store{dir: dir}, nil
}

// Save writes v as JSON under name (letters, digits and hyphens). When it returns nil, the content outlives the process.
func (s *Store) Save(name string, v any) error {
	if s.dir == "" {
		return nil
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	path := filepath.Join(s.dir, name+".json")
	if err := os.WriteFile(path+".tmp", data, 0o600); err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return fmt.Errorf("save %s: %w", name, err)
	}
	return nil
}

// Delete removes what was saved under name; nothing saved is no error.
func (s *Store) Delete(name string) error {
	if s.dir == "" {
		return nil
	}
	if err := os.Remove(filepath.Join(s.dir, name+".json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete %s: %w", name, err)
	}
	return nil
}

// Each calls f with the JSON of everything whose name begins with prefix, in the order of names, until f fails.
func (s *Store) Each(prefix string, f func(data []byte) error) error {
	if s.dir == "" {
		return nil
	}
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return fmt.Errorf("read state folder: %w", err)
	}
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), prefix) || !strings.HasSuffix(entry.Name(), ".json") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(s.dir, entry.Name()))
		if err != nil {
			return fmt.Errorf("read state: %w", err)
		}
		if err := f(data); err != nil {
			return fmt.Errorf("read state file %s: %w", entry.Name(), err)
		}
	}
	return nil
}
