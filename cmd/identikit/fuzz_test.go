package main

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// FuzzConfigFile: a file is an object of settings that a command knows, or an
// error; a program never starts on a setting that it did not understand.
func FuzzConfigFile(f *testing.F) {
	for _, text := range []string{
		`{"log_level":"info","documents":"/srv/kyc"}`, `{"log-level":5}`, `{"nonsense":1}`, `[]`, `null`, `{"addr":{"a":[1]}}`, `{"log_level":"a"}{"log_level":"b"}`, `{"":""}`, "\xff",
	} {
		f.Add(text)
	}
	parser, err := kong.New(&struct {
		Serve serveCmd `cmd:""`
	}{}, kong.Exit(func(int) { panic("the parser wants to end the program") }))
	if err != nil {
		f.Fatal(err)
	}
	flags := map[string]*kong.Flag{}
	for _, flag := range parser.Model.Children[0].Flags {
		flags[flag.Name] = flag
	}
	f.Fuzz(func(t *testing.T, text string) {
		settings, err := configFile(strings.NewReader(text))
		if err != nil {
			return
		}
		if settings.Validate(parser.Model) != nil {
			return
		}
		for name := range settings.(configSettings) {
			if _, known := flags[name]; !known && name != "help" {
				t.Errorf("%q sets %q, which no command knows", text, name)
			}
		}
	})
}
