package main

import (
	"fmt"
	"strconv"
	"strings"
)

// byteSize is a number of bytes, as people write it: 100MiB, 50MB, 4096.
type byteSize int64

var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"KB", 1e3}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}, {"", 1},
}

const maxByteSize = 1 << 40 // nothing that is set in bytes here is more

// UnmarshalText reads a size of at least one byte.
func (b *byteSize) UnmarshalText(text []byte) error {
	for _, unit := range sizeUnits {
		digits, ok := strings.CutSuffix(string(text), unit.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 1 || n > maxByteSize/unit.bytes {
			break
		}
		*b = byteSize(n * unit.bytes)
		return nil
	}
	return fmt.Errorf("%q is no size: write a whole number with a unit, like 100MiB or 50MB", text)
}
