package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/crash"
	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/provider/guard"
	"github.com/identikit/identikit/internal/sandbox"
	"github.com/identikit/identikit/internal/seal"
	"github.com/identikit/identikit/internal/store/sqlstore"
)

// logFlags are the settings of the log, which goes to standard error.
type logFlags struct {
	LogLevel  string `help:"Least level that is logged: debug, info, warn or error." enum:",debug,info,warn,error" default:"" env:"IDENTIKIT_LOG_LEVEL" placeholder:"LEVEL"`
	LogFormat string `help:"text or json." enum:"text,json" default:"text" env:"IDENTIKIT_LOG_FORMAT"`
}

// logger logs from level on, unless the flag says otherwise.
func (f logFlags) logger(level slog.Level) *slog.Logger {
	if f.LogLevel != "" {
		_ = level.UnmarshalText([]byte(f.LogLevel)) // the flag's enum lets nothing wrong through
	}
	opts := &slog.HandlerOptions{Level: level}
	if f.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, opts))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, opts))
}

// limitFlags bound what clients may do; nobody needs to set them.
type limitFlags struct {
	MaxConcurrent  int            `help:"How many calls a partner may have under way on this node; 0 means 255." env:"IDENTIKIT_MAX_CONCURRENT" placeholder:"N"`
	TrustedProxies []netip.Prefix `help:"Networks of the proxies in front, whose X-Forwarded-For is believed, like 10.0.0.0/8." env:"IDENTIKIT_TRUSTED_PROXIES" placeholder:"CIDR,…"`

	ProviderConcurrent int           `help:"How many calls to an account at a provider may be under way on this node; 0 means 32." env:"IDENTIKIT_PROVIDER_CONCURRENT" placeholder:"N"`
	BreakerFailures    int           `help:"How many failures of a provider within a minute, if they are most of its calls, stop calls to it for a while; 0 means 10." env:"IDENTIKIT_BREAKER_FAILURES" placeholder:"N"`
	BreakerPause       time.Duration `help:"For how long; then one call tries whether it is back. 0 means 30s." env:"IDENTIKIT_BREAKER_PAUSE" placeholder:"DURATION"`
}

// provider are the limits of each account at a provider.
func (f limitFlags) provider() guard.Limits {
	return guard.Limits{Concurrent: f.ProviderConcurrent, Failures: f.BreakerFailures, Pause: f.BreakerPause}
}

// Validate implements kong's validation of flags.
func (f limitFlags) Validate() error {
	if f.MaxConcurrent < 0 {
		return errors.New("--max-concurrent must not be negative; 0 means 255")
	}
	if f.ProviderConcurrent < 0 || f.BreakerFailures < 0 || f.BreakerPause < 0 {
		return errors.New("--provider-concurrent, --breaker-failures and --breaker-pause must not be negative; 0 means their defaults")
	}
	return nil
}

// dataFlags say which installation a command is about: a sandbox's folder or a
// database. A server may run on it at the same time.
type dataFlags struct {
	Data     string `help:"The sandbox's data folder." default:"identikit-data" placeholder:"DIR"`
	Database string `help:"A PostgreSQL URL instead." placeholder:"URL" env:"IDENTIKIT_DATABASE"`
}

// open opens the installation's store. Only a command that makes something may
// begin a new one: a wrong folder is more likely than a new sandbox.
func (f dataFlags) open(ctx context.Context, mayBegin bool) (kyc.Store, error) {
	return f.openBy(ctx, mayBegin, clock.Real{})
}

// openBy is open on another clock.
func (f dataFlags) openBy(ctx context.Context, mayBegin bool, by kyc.Clock) (kyc.Store, error) {
	url := f.Database
	if url == "" {
		url = sandbox.DatabaseFile(f.Data)
		if _, err := os.Stat(url); err != nil && !mayBegin {
			return nil, fmt.Errorf("there is no sandbox in the folder %q: name its folder with --data, or a database with --database", f.Data)
		}
		if err := os.MkdirAll(f.Data, 0o700); err != nil {
			return nil, err
		}
	}
	return openStoreBy(ctx, url, by)
}

// sandboxKey is the file that holds the master key of a sandbox: in its folder,
// wherever its database is. Empty for what is no sandbox, or has another folder.
func (f dataFlags) sandboxKey(ctx context.Context, store kyc.Store) (string, error) {
	file := sandbox.MasterKeyFile(f.Data)
	if f.Database == "" {
		return file, nil
	}
	if yes, err := sandbox.Lives(ctx, store); !yes || err != nil {
		return "", err
	}
	if _, err := os.Stat(file); err != nil {
		return "", nil // then the key is asked for
	}
	return file, nil
}

// openStore opens the store of an installation that makes up its ids by chance.
func openStore(ctx context.Context, url string) (kyc.Store, error) {
	return openStoreBy(ctx, url, clock.Real{})
}

// openStoreBy is openStore on another clock.
func openStoreBy(ctx context.Context, url string, by kyc.Clock) (kyc.Store, error) {
	store, err := sqlstore.Open(ctx, url, sqlstore.Options{
		Clock: by, NewID: func(suffix string, _ int64) string { return id.Random(suffix) },
	})
	if err != nil {
		return nil, err
	}
	return crash.Store(store), nil
}

// eraseFlags say how long who does not become a customer is kept.
type eraseFlags struct {
	EraseAfter time.Duration `help:"Erase persons who were not identified successfully within this time of their creation; 0 keeps them for ever." default:"2160h" env:"IDENTIKIT_ERASE_AFTER" placeholder:"DURATION"`
}

func (f eraseFlags) check() error {
	if f.EraseAfter < 0 || (f.EraseAfter > 0 && f.EraseAfter < time.Hour) {
		return fmt.Errorf("--erase-after must be an hour or more, like 2160h for 90 days, or 0 to keep everybody")
	}
	return nil
}

// masterFlags say where the master key is.
type masterFlags struct {
	MasterKey     string `help:"The master key: 32 bytes in base64 (openssl rand -base64 32)." env:"IDENTIKIT_MASTER_KEY" placeholder:"KEY"`
	MasterKeyFile string `help:"A file that holds it." env:"IDENTIKIT_MASTER_KEY_FILE" placeholder:"FILE"`
}

// open reads the key; fallback is the sandbox's own file, or empty.
func (f masterFlags) open(fallback string) (*seal.Master, error) {
	switch {
	case f.MasterKey != "":
		return seal.NewMaster(f.MasterKey)
	case f.MasterKeyFile != "":
		return seal.MasterFromFile(f.MasterKeyFile, false)
	case fallback != "":
		return seal.MasterFromFile(fallback, false)
	}
	return nil, errNoMasterKey
}

var errNoMasterKey = kyc.Fail(kyc.Invalid, "master_key_missing",
	"a master key is needed: set IDENTIKIT_MASTER_KEY, or IDENTIKIT_MASTER_KEY_FILE; make one with `openssl rand -base64 32`")

func readyFile(data string) string { return filepath.Join(data, readyName) }
