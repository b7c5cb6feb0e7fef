package seal

import "io"

// OnDisk is what the file of a Scratch holds.
func (s *Scratch) OnDisk() ([]byte, error) {
	return io.ReadAll(io.NewSectionReader(s.file, 0, s.size))
}
