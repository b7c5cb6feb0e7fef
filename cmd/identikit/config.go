package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kong"
)

// configFile reads a JSON object of settings, named like the flags:
// {"idnow-company-id": "mybank"}, with - or _. The environment wins over it, a
// flag over both, and a name that no command knows is an error.
func configFile(r io.Reader) (kong.Resolver, error) {
	var raw map[string]any
	if err := json.NewDecoder(r).Decode(&raw); err != nil {
		return nil, fmt.Errorf("the configuration file must be a JSON object: %w", err)
	}
	settings := configSettings{}
	for name, value := range raw {
		settings[strings.ReplaceAll(name, "_", "-")] = value
	}
	return settings, nil
}

type configSettings map[string]any

// Resolve implements kong.Resolver.
func (c configSettings) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if flag.Tag.Get("config") == "no" { // what a command is told about one partner
		return nil, nil
	}
	for _, env := range flag.Envs {
		if _, set := os.LookupEnv(env); set {
			return nil, nil
		}
	}
	return c[flag.Name], nil
}

// Validate implements kong.Resolver.
func (c configSettings) Validate(app *kong.Application) error {
	known := map[string]bool{}
	var visit func(n *kong.Node)
	visit = func(n *kong.Node) {
		for _, f := range n.Flags {
			known[f.Name] = true
		}
		for _, child := range n.Children {
			visit(child)
		}
	}
	visit(app.Node)
	for name := range c {
		if !known[name] {
			return fmt.Errorf("the configuration file sets %q, which no command knows", name)
		}
	}
	return nil
}
