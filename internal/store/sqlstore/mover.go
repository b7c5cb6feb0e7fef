package sqlstore

import (
	"fmt"
	"sync/atomic"
	"time"
)

const (
	// moverRest is how long changes gather before they are moved.
	moverRest = 50 * time.Millisecond
	// logLimit is the length of the log, in pages, from which on the writer moves
	// them itself, and waits for readers: only while nobody writes or reads from
	// the log can all be moved and the log begin anew.
	logLimit = 16384
	// scrubTries and scrubRest are how often and how quickly the log is tried to
	// be emptied after something was erased: one is refused while another moves it.
	scrubTries = 50
	scrubRest  = 10 * time.Millisecond
)

// mover moves what was committed from the log into the file (a checkpoint), on a
// connection of its own, so that no commit waits for it.
type mover struct {
	conn    *liteConn
	changed chan struct{}
	stop    chan struct{}
	done    chan struct{}
	tooLong atomic.Bool
	full    bool  // the log could not be emptied after something was erased; the writer's alone
	failed  error // of the last try; read after done
}

func newMover(c *liteConn) *mover {
	return &mover{conn: c, changed: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
}

func (m *mover) run() {
	defer close(m.done)
	for {
		select {
		case <-m.changed:
		case <-m.stop:
			return
		}
		var pages int64
		pages, m.failed = m.move(m.conn, "PASSIVE")
		if pages > logLimit {
			m.tooLong.Store(true)
		}
		select {
		case <-time.After(moverRest):
		case <-m.stop:
			return
		}
	}
}

// move moves what it can and returns the length of the log. PASSIVE waits for
// nobody, and what a reader still needs stays for the next time; RESTART waits,
// and so does TRUNCATE, which leaves an empty log.
func (m *mover) move(c *liteConn, how string) (pages int64, err error) {
	err = lookAlone(c, func(scan func(...any) error) error {
		var busy, moved int64
		return scan(&busy, &pages, &moved)
	}, "PRAGMA wal_checkpoint("+how+")")
	if err != nil {
		err = fmt.Errorf("sqlstore: move the log into the file: %w", err)
	}
	return pages, err
}

// empty empties the log after something was erased: it holds the pages as they
// were. The writer calls it before it answers, so that erased means gone.
func (m *mover) empty(writer *liteConn) {
	for try := range scrubTries {
		if try > 0 {
			<-time.After(scrubRest)
		}
		if pages, err := m.move(writer, "TRUNCATE"); err == nil && pages == 0 {
			m.full = false
			return
		}
	}
	m.full = true // another process is at it all the time; the next commit tries again
}

// after is told of each commit, by the writer between two groups.
func (m *mover) after(writer *liteConn) {
	if m.full {
		m.empty(writer)
	}
	if m.tooLong.CompareAndSwap(true, false) {
		if _, err := m.move(writer, "RESTART"); err != nil {
			m.tooLong.Store(true) // the next commit tells whether the disk is full
		}
	}
	select {
	case m.changed <- struct{}{}:
	default:
	}
}

// close is called when the writer has stopped.
func (m *mover) close() error {
	close(m.stop)
	<-m.done
	if err := m.conn.close(); err != nil {
		return err
	}
	return m.failed
}
