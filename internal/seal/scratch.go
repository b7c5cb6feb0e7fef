package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Scratch is room on the disk for something large while it is worked on. The
// key of its bytes is in this process's memory alone, so that nothing can be
// read of what a crash leaves behind.
type Scratch struct {
	file   *os.File
	block  cipher.Block
	stream cipher.Stream
	size   int64
}

// NewScratch makes an empty one. Close removes it.
func NewScratch() (*Scratch, error) {
	f, err := os.CreateTemp("", "identikit-*")
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	// Where a file that is open may lose its name, a crash leaves nothing at all.
	_ = os.Remove(f.Name())
	s := &Scratch{file: f}
	if err := s.Reset(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Reset drops what was written.
func (s *Scratch) Reset() (err error) {
	if s.block, err = aes.NewCipher(newKey()); err != nil { // a key is for one writing only
		return fmt.Errorf("seal: %w", err)
	}
	s.stream, s.size = s.from(0), 0
	if _, err = s.file.Seek(0, io.SeekStart); err == nil {
		err = s.file.Truncate(0)
	}
	if err != nil {
		return fmt.Errorf("seal: %w", err)
	}
	return nil
}

// from is the key's stream from the block on.
func (s *Scratch) from(block int64) cipher.Stream {
	var counter [aes.BlockSize]byte
	binary.BigEndian.PutUint64(counter[8:], uint64(block))
	return cipher.NewCTR(s.block, counter[:])
}

// Size is how many bytes were written.
func (s *Scratch) Size() int64 { return s.size }

// Write adds to the end.
func (s *Scratch) Write(p []byte) (int, error) {
	sealed := make([]byte, len(p))
	s.stream.XORKeyStream(sealed, p)
	n, err := s.file.Write(sealed)
	s.size += int64(n)
	return n, err
}

// ReadAt implements io.ReaderAt.
func (s *Scratch) ReadAt(p []byte, off int64) (int, error) {
	n, err := s.file.ReadAt(p, off)
	if n > 0 {
		stream := s.from(off / aes.BlockSize)
		before := make([]byte, off%aes.BlockSize)
		stream.XORKeyStream(before, before)
		stream.XORKeyStream(p[:n], p[:n])
	}
	return n, err
}

// Close removes it.
func (s *Scratch) Close() error {
	err := s.file.Close()
	if e := os.Remove(s.file.Name()); !errors.Is(e, fs.ErrNotExist) {
		err = errors.Join(err, e)
	}
	return err
}
