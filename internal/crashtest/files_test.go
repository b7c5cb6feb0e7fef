package crashtest

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"slices"

	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/seal"
)

// auditEvidence: a report and one set of files for each archive that was taken
// in; every file is there and opens with the person's key.
func (w *world) auditEvidence(r *rows) {
	w.t.Helper()
	master, err := seal.MasterFromFile(sandbox.MasterKeyFile(w.data), false)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.audits.opened == nil {
		w.audits.opened = map[string]bool{}
	}
	person, bankident := map[string]string{}, map[string]bool{}
	for _, i := range r.idents {
		person[i.id], bankident[i.id] = i.person, i.bankident()
		if key := w.key(master, r, i.person, i.id); key != nil && i.device != nil {
			if _, err := key.Open(i.device, "device data of "+i.id); err != nil {
				w.lose("the device data of %s: %v", i.id, err)
			}
		}
	}
	archives := map[string]int{}
	for _, f := range r.findings {
		if f.archive != "" {
			archives[f.ident]++
		}
		key := w.key(master, r, person[f.ident], f.ident+f.fingerprint+f.archive)
		if key == nil {
			continue
		}
		raw, err := key.Open(f.raw, "finding of "+f.ident)
		if bankident[f.ident] { // each of its firms has words of its own
			if err != nil || len(raw) == 0 || f.archive != "" {
				w.lose("the result %s of %s: %v", f.result, f.ident, err)
			}
			continue
		}
		if tx, result := resultOf(raw); err != nil || tx != f.ident || result != f.result {
			w.lose("the result %s of %s says %s of %s: %v", f.result, f.ident, result, tx, err)
		}
		if f.archive != "" {
			w.auditFile(key, person[f.ident], f.archive, func(plain []byte) bool {
				_, err := zip.NewReader(bytes.NewReader(plain), int64(len(plain)))
				return err == nil
			})
		}
	}
	sets := map[string]map[string]int{}
	for _, d := range r.documents {
		if key := w.key(master, r, d.person, d.id); key != nil {
			w.auditFile(key, d.person, d.blob, func(plain []byte) bool { return int64(len(plain)) == d.size })
		}
		if d.uploaded || bankident[d.ident] {
			continue // no part of an archive
		}
		if sets[d.ident] == nil {
			sets[d.ident] = map[string]int{}
		}
		sets[d.ident][d.name]++
	}
	for ident := range archives {
		if sets[ident]["kyc_report.pdf"] == 0 {
			w.lose("identification %s has an archive and no report", ident)
		}
	}
	for ident, names := range sets {
		for name, n := range names {
			if n != archives[ident] {
				w.lose("identification %s has %s %d times for %d archives", ident, name, n, archives[ident])
			}
		}
	}
}

// key opens the key of a person, if what it is wanted for was not opened before.
func (w *world) key(master *seal.Master, r *rows, person, what string) *seal.Key {
	if w.audits.opened[what] {
		return nil
	}
	w.audits.opened[what] = true
	key, err := master.Key(r.keys[person], person)
	if err != nil {
		w.lose("the key of person %s: %v", person, err)
		return nil
	}
	return key
}

// auditFile reads a blob: its name is the hash of it, it opens, and it is right.
func (w *world) auditFile(key *seal.Key, person, name string, right func([]byte) bool) {
	if len(name) < 2 {
		w.lose("a row of person %s names the file %q", person, name)
		return
	}
	sealed, err := os.ReadFile(filepath.Join(w.data, "documents", name[:2], name))
	if err != nil {
		w.lose("a row of person %s names a file: %v", person, err)
		return
	}
	sum := sha256.Sum256(sealed)
	plain, err := key.Open(sealed, "document of "+person)
	if err != nil || hex.EncodeToString(sum[:]) != name || !right(plain) {
		w.lose("the file %s of person %s is not what its row says: %v", name, person, err)
	}
}

// auditFolder: after a sweep every file is named by a row, and none is half written.
func (w *world) auditFolder(r *rows) {
	w.t.Helper()
	var named []string
	for _, d := range r.documents {
		named = append(named, d.blob)
	}
	for _, f := range r.findings {
		named = append(named, f.archive)
	}
	named = append(named, r.keptFiles...)
	slices.Sort(named)
	err := filepath.Walk(filepath.Join(w.data, "documents"), func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		if _, ok := slices.BinarySearch(named, info.Name()); !ok {
			w.lose("the file %s is nobody's", path)
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
}
