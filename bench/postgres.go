package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/identikit/identikit/internal/id"
)

// cluster is a PostgreSQL in which each server under test gets a database.
type cluster struct {
	url  string // of a database in which others may be made
	made []string
}

// useCluster uses the server at the URL.
func useCluster(raw string) *cluster { return &cluster{url: raw} }

// startCluster makes a cluster of its own for this run and starts it. All its
// settings are PostgreSQL's own, but for where it listens: it waits for the disk.
func startCluster(ctx context.Context, shop *workshop) (*cluster, error) {
	bin, err := findPostgres()
	if err != nil {
		return nil, err
	}
	owner, err := clusterOwner()
	if err != nil {
		return nil, err
	}
	home := shop.path("postgres")
	if err := os.Mkdir(home, 0o700); err != nil {
		return nil, err
	}
	if owner != nil { // PostgreSQL refuses to run as root
		if err := errors.Join(os.Chown(home, int(owner.Uid), int(owner.Gid)), os.Chmod(shop.dir, 0o711)); err != nil {
			return nil, err
		}
	}
	data := filepath.Join(home, "data")
	initdb := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", data, "-U", "identikit", "-A", "trust", "-E", "UTF8", "--locale=C")
	initdb.Dir, initdb.SysProcAttr = home, &syscall.SysProcAttr{Credential: owner}
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	server := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-p", strconv.Itoa(port), "-h", "127.0.0.1", "-k", home)
	server.Dir, server.SysProcAttr = home, &syscall.SysProcAttr{Credential: owner}
	p, err := shop.start("postgres", server)
	if err != nil {
		return nil, err
	}
	p.signal = syscall.SIGINT // which does not wait for its clients
	c := &cluster{url: fmt.Sprintf("postgres://identikit@127.0.0.1:%d/postgres?sslmode=disable", port)}
	return c, p.await(ctx, "connection", 20*time.Millisecond, func() bool { return c.execute(ctx, "SELECT 1") == nil })
}

// findPostgres finds the folder of the server's programs.
func findPostgres() (string, error) {
	var folders []string
	if p, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(p); err == nil {
			folders = append(folders, filepath.Dir(real))
		}
		folders = append(folders, filepath.Dir(p))
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return "", err
		}
		slices.Reverse(found)
		folders = append(folders, found...)
	}
	for _, folder := range folders {
		_, initdb := os.Stat(filepath.Join(folder, "initdb"))
		_, server := os.Stat(filepath.Join(folder, "postgres"))
		if initdb == nil && server == nil {
			return folder, nil
		}
	}
	return "", errors.New("PostgreSQL's server is missing: install it (apt install postgresql, brew install postgresql), " +
		"or name a server with --postgres, or measure SQLite alone with --database sqlite")
}

// clusterOwner is who runs the cluster: us, or somebody unprivileged if we are root.
func clusterOwner() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(errUID, errGID)
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody: run the bench as another user")
}

// database makes a new database and returns its URL.
func (c *cluster) database(ctx context.Context) (string, error) {
	name := "bench_" + id.Secret()
	if err := c.execute(ctx, "CREATE DATABASE "+name); err != nil {
		return "", err
	}
	c.made = append(c.made, name)
	u, err := url.Parse(c.url)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), nil
}

// close drops what was made; in a cluster of our own that is only tidy.
func (c *cluster) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	var err error
	for _, name := range c.made {
		err = errors.Join(err, c.execute(ctx, "DROP DATABASE "+name+" WITH (FORCE)"))
	}
	return err
}

func (c *cluster) execute(ctx context.Context, text string) error {
	conn, err := pgx.Connect(ctx, c.url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, text)
	return errors.Join(err, conn.Close(ctx))
}

// freePort is a port that nobody uses at this moment.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err := errors.Join(err, l.Close()); err != nil {
		return 0, err
	}
	return strconv.Atoi(port)
}
