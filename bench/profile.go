package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// profileAll writes profiles instead of figures. The server is built with the
// tag profile for it; what is measured never is.
func profileAll(ctx context.Context, b *bench) error {
	if err := os.MkdirAll(b.Profile, 0o755); err != nil {
		return err
	}
	for _, database := range []string{onSQLite, onPostgres} {
		if b.Database != "" && b.Database != database {
			continue
		}
		if err := b.openCluster(ctx, database); err != nil {
			return err
		}
		for _, f := range []struct {
			name string
			do   func(context.Context, *bench, string) error
		}{{"read", profileRead}, {"create", profileCreate}, {"deliveries", profileDeliveries}, {"journeys", profileJourneys("journeys")}, {"bankident", profileJourneys("bankident")}} {
			if !b.wants(f.name) {
				continue
			}
			if err := f.do(ctx, b, database); err != nil {
				return fmt.Errorf("%s: %s: %w", database, f.name, err)
			}
		}
	}
	return nil
}

// installProfiled is install for a server that serves its profiles.
func (b *bench) installProfiled(ctx context.Context, database, name string, serve bool) (*installation, string, error) {
	i, err := b.install(ctx, database, "profile-"+name, serve)
	if err != nil {
		return nil, "", err
	}
	port, err := freePort()
	address := "127.0.0.1:" + strconv.Itoa(port)
	i.env = []string{"IDENTIKIT_PROFILE_ADDR=" + address}
	return i, address, err
}

func profileRead(ctx context.Context, b *bench, database string) error {
	return b.profileStand(ctx, database, "read", (*stand).reads)
}

func profileCreate(ctx context.Context, b *bench, database string) error {
	return b.profileStand(ctx, database, "create", (*stand).creates)
}

func (b *bench) profileStand(ctx context.Context, database, name string, order func(*stand) loadOrder) error {
	i, address, err := b.installProfiled(ctx, database, name, database == onPostgres)
	if err != nil {
		return err
	}
	s, err := b.openStand(ctx, i, b.Stored)
	if err != nil {
		return err
	}
	o := order(s)
	o.Duration = b.profileTime() + 2*time.Second
	if err := b.profiled(ctx, address, database+"-"+name, s.side(o)); err != nil {
		return err
	}
	return s.close()
}

func profileDeliveries(ctx context.Context, b *bench, database string) error {
	i, address, err := b.installProfiled(ctx, database, "deliveries", false)
	if err != nil {
		return err
	}
	d, err := b.openDrains(ctx, i)
	if err != nil {
		return err
	}
	if err := d.fill(ctx, 1, firstDrain); err != nil {
		return err
	}
	first, err := d.drain(ctx)
	if err != nil {
		return err
	}
	if err := d.fill(ctx, 1, min(int(1.5*first.rate()*b.profileTime().Seconds()), mostDrain)); err != nil {
		return err
	}
	if err := b.profiled(ctx, address, database+"-deliveries", d.drain); err != nil {
		return err
	}
	return d.close()
}

func profileJourneys(kind string) func(context.Context, *bench, string) error {
	return func(ctx context.Context, b *bench, database string) error {
		i, address, err := b.installProfiled(ctx, database, kind, false)
		if err != nil {
			return err
		}
		j, err := b.openJourneys(ctx, i)
		if err != nil {
			return err
		}
		j.order.Bankident, j.order.Duration = kind == "bankident", b.profileTime()+2*time.Second
		if err := b.profiled(ctx, address, database+"-"+kind, j.run); err != nil {
			return err
		}
		return j.close()
	}
}

// profileTime is how long a profile is taken.
func (b *bench) profileTime() time.Duration {
	if b.Quick {
		return 2 * time.Second
	}
	return 10 * time.Second
}

// profiled takes a CPU profile while the load runs, and after it what was
// allocated since the server began.
func (b *bench) profiled(ctx context.Context, address, name string, under side) error {
	say("profiling %s …", name)
	cpu := filepath.Join(b.Profile, name+".cpu.pprof")
	fetched := make(chan error, 1)
	go func() {
		seconds := int(b.profileTime().Seconds())
		fetched <- fetch(ctx, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", address, seconds), cpu)
	}()
	_, err := under(ctx)
	if err := errors.Join(err, <-fetched); err != nil {
		return err
	}
	allocs := filepath.Join(b.Profile, name+".allocs.pprof")
	if err := fetch(ctx, "http://"+address+"/debug/pprof/allocs", allocs); err != nil {
		return err
	}
	return errors.Join(b.top(ctx, cpu, "-cum"), b.top(ctx, allocs, "-sample_index=alloc_space", "-cum"))
}

// top writes the heaviest functions of a profile beside it, as text.
func (b *bench) top(ctx context.Context, profile string, how ...string) error {
	args := append([]string{"tool", "pprof", "-top", "-nodecount=60"}, how...)
	cmd := exec.CommandContext(ctx, "go", append(args, b.binary, profile)...)
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go tool pprof: %w", err)
	}
	return os.WriteFile(profile+".txt", out, 0o644)
}

func fetch(ctx context.Context, url, file string) (err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: answered %d", url, resp.StatusCode)
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, resp.Body)
	return errors.Join(err, out.Close())
}
