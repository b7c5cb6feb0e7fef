package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lock keeps a second sandbox away from the folder. The system lets go of it
// when the process ends, however it ends.
func (w *World) lock() (err error) {
	w.locked, err = os.OpenFile(filepath.Join(w.opts.Data, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("the data folder: %w", err)
	}
	if err := syscall.Flock(int(w.locked.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("another sandbox is running with the data folder %q: stop it, or name another folder with --data", w.opts.Data)
	}
	return nil
}
