package main

import "testing"

func TestByteSize(t *testing.T) {
	for text, want := range map[string]byteSize{
		"1": 1, "4096": 4096, "10B": 10, "100MiB": 100 << 20, "100 MiB": 100 << 20, "50MB": 50_000_000, "1GiB": 1 << 30, "2KB": 2000, "2kB": 2000, "1024GiB": 1 << 40,
		"": 0, "0": 0, "-1MiB": 0, "MiB": 0, "1.5MiB": 0, "100mib": 0, "1025GiB": 0, "9223372036854775807GiB": 0, "99999999999999999999": 0, "1 Mi B": 0,
	} {
		var b byteSize
		if err := b.UnmarshalText([]byte(text)); b != want || (err == nil) != (want != 0) {
			t.Errorf("%q: %d %v, want %d", text, b, err, want)
		}
	}
}
