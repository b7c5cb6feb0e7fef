package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/identikit/identikit/internal/blob/dir"
	"github.com/identikit/identikit/internal/clock"
	"github.com/identikit/identikit/internal/crash"
	"github.com/identikit/identikit/internal/flow"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/sandbox"
)

type personCmd struct {
	Erase   personEraseCmd   `cmd:"" help:"Erase a person; of a customer, what the law keeps stays for a while, sealed."`
	History personHistoryCmd `cmd:"" help:"Print who changed what about a person, when, and by which request."`
	Record  personRecordCmd  `cmd:"" help:"Open the record that the law keeps of an erased customer."`
}

// archiveFlags say where the installation's sealed things are.
type archiveFlags struct {
	dataFlags
	masterFlags
	Documents string `help:"Folder for sealed documents; a sandbox has its own." env:"IDENTIKIT_DOCUMENTS" placeholder:"DIR"`
}

// with opens the installation for one command, on its own clock. The master key
// and the documents are opened if it is said where they are.
func (f archiveFlags) with(ctx context.Context, fn func(*flow.Service) error) error {
	by := clock.NewMovable(clock.Real{}.Now())
	store, err := f.openBy(ctx, false, by)
	if err != nil {
		return err
	}
	s := &flow.Service{Store: store, Clock: by, Wall: clock.Real{}, Log: logFlags{}.logger(0)}
	err = f.fill(ctx, s, by)
	if err == nil {
		err = fn(s)
	}
	return errors.Join(err, store.Close())
}

func (f archiveFlags) fill(ctx context.Context, s *flow.Service, by *clock.Movable) error {
	now, ok, err := sandbox.Time(ctx, s.Store)
	if err != nil {
		return err
	}
	if ok {
		by.Start(now)
	}
	fallback, err := f.sandboxKey(ctx, s.Store)
	if err != nil {
		return err
	}
	documents := f.Documents
	if documents == "" && fallback != "" {
		documents = filepath.Join(f.Data, "documents")
	}
	if s.Master, err = f.masterFlags.open(fallback); errors.Is(err, errNoMasterKey) {
		s.Master, err = nil, nil // who needs it says so
	}
	if err != nil || documents == "" {
		return err
	}
	blobs, err := dir.Open(documents)
	if err != nil {
		return err
	}
	s.Blobs = crash.Blobs(blobs)
	return nil
}

type personEraseCmd struct {
	ID    string `arg:"" help:"The person's id."`
	Ended string `help:"The day on which the relationship with a customer ended, if not today." placeholder:"YYYY-MM-DD"`
	Yes   bool   `help:"Do not ask."`
	JSON  bool   `name:"json" help:"Print for programs."`
	archiveFlags
}

// Help implements kong.HelpProvider.
func (personEraseCmd) Help() string {
	return `It cannot be undone. The partner is told by PERSON_DELETED, and the person is gone for it at once.

Who was never identified is destroyed. Of a customer the law (GwG § 8) keeps the record until five years after the
end of the year in which the relationship ended; it is sealed, so the master key is needed, and destroyed by itself.

Example:
  identikit person erase 8ac2e3f07c0b4d1f9a6f5d2b1c3e4a5bcper --ended 2026-03-31`
}

// Run implements the subcommand.
func (c *personEraseCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(s *flow.Service) error {
		ended := s.Clock.Now()
		if c.Ended != "" {
			day, err := time.Parse(time.DateOnly, c.Ended)
			if err != nil || day.After(ended) {
				return fmt.Errorf("--ended must be a day that has begun, of the form YYYY-MM-DD")
			}
			ended = day
		}
		if !c.Yes {
			if err := exists(ctx, s.Store, c.ID); err != nil {
				return err
			}
			if err := confirm(os.Stdin, os.Stderr, "Erase the person "+c.ID+"? It cannot be undone. Type yes: "); err != nil {
				return err
			}
		}
		done, err := s.ErasePerson(ctx, c.ID, ended)
		if err != nil {
			return err
		}
		if c.JSON {
			return json.NewEncoder(os.Stdout).Encode(map[string]any{
				"id": done.PersonID, "erased_at": kyc.FormatInstant(done.At), "kept_until": optionalInstant(done.KeptUntil),
			})
		}
		fmt.Println("erased")
		if done.KeptUntil.IsZero() {
			fmt.Println("Nothing is kept: the person was no customer, or the law keeps the record no longer.")
			return nil
		}
		fmt.Printf("What the law keeps of this customer is sealed, and destroyed at %s.\n", kyc.FormatInstant(done.KeptUntil))
		return nil
	})
}

func optionalInstant(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return kyc.Optional(kyc.FormatInstant(t))
}

// exists is an error if there never was such a person: nobody should confirm that.
func exists(ctx context.Context, store kyc.Store, id string) error {
	return store.View(ctx, func(v kyc.View) error {
		_, err := v.Erasures().Subject(id)
		return err
	})
}

var errNotConfirmed = errors.New("nothing was done: it was not confirmed; type yes, or use --yes")

// confirm asks and reads one line.
func confirm(from io.Reader, to io.Writer, question string) error {
	fmt.Fprint(to, question)
	line, err := bufio.NewReader(from).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if strings.TrimSpace(line) != "yes" {
		return errNotConfirmed
	}
	return nil
}

type personHistoryCmd struct {
	ID   string `arg:"" help:"The person's id, of an erased one too."`
	JSON bool   `name:"json" help:"Print for programs: one JSON object a line."`
	dataFlags
}

// Help implements kong.HelpProvider.
func (personHistoryCmd) Help() string {
	return `Oldest first. The request id is the one in the server's log and in X-Request-Id of the answer. The details hold
personal data. After an erasure the lines stay, without details; what the law keeps of them is in the record.

Example:
  identikit person history 8ac2e3f07c0b4d1f9a6f5d2b1c3e4a5bcper --json`
}

// Run implements the subcommand.
func (c *personHistoryCmd) Run(ctx context.Context) error {
	return withStore(ctx, c.dataFlags, func(store kyc.Store) error {
		var lines []kyc.Entry
		err := store.View(ctx, func(v kyc.View) (err error) {
			lines, err = v.History().OfPerson(c.ID)
			return err
		})
		if err != nil {
			return err
		}
		if len(lines) == 0 {
			return fmt.Errorf("there is no person with the id %q here", c.ID)
		}
		for _, e := range lines {
			if err := printEntry(os.Stdout, c.JSON, e); err != nil {
				return err
			}
		}
		return nil
	})
}

func printEntry(w io.Writer, asJSON bool, e kyc.Entry) error {
	if asJSON {
		return json.NewEncoder(w).Encode(map[string]any{
			"seq": e.Seq, "at": kyc.FormatInstant(e.At), "actor": e.Actor, "request_id": kyc.Optional(e.RequestID), "event": e.Event,
			"person_id": e.PersonID, "identification_id": kyc.Optional(e.IdentificationID),
			"from": kyc.Optional(string(e.From)), "to": kyc.Optional(string(e.To)), "details": json.RawMessage(e.Details),
		})
	}
	about := e.Event
	if e.IdentificationID != "" {
		about += " " + e.IdentificationID
	}
	if e.From != "" || e.To != "" {
		about += fmt.Sprintf(" %s → %s", orDash(string(e.From)), orDash(string(e.To)))
	}
	_, err := fmt.Fprintf(w, "%s  %-8s  %-36s  %s  %s\n", kyc.FormatInstant(e.At), e.Actor, orDash(e.RequestID), about, e.Details)
	return err
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

type personRecordCmd struct {
	ID  string `arg:"" help:"The person's id."`
	Out string `help:"An empty folder for record.json and the files; without one the record alone is printed." placeholder:"DIR"`
	archiveFlags
}

// Help implements kong.HelpProvider.
func (personRecordCmd) Help() string {
	return `For an authority that asks for what GwG § 8 has kept. What it writes is not sealed: mind where it goes.

Example:
  identikit person record 8ac2e3f07c0b4d1f9a6f5d2b1c3e4a5bcper --out /mnt/for-the-authority`
}

// Run implements the subcommand.
func (c *personRecordCmd) Run(ctx context.Context) error {
	return c.with(ctx, func(s *flow.Service) error {
		if s.Master == nil {
			return errNoMasterKey
		}
		r, err := s.OpenRecord(ctx, c.ID)
		if err != nil {
			return err
		}
		text, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			return err
		}
		if c.Out == "" {
			_, err := os.Stdout.Write(append(text, '\n'))
			return err
		}
		return c.write(ctx, s, r, text)
	})
}

func (c *personRecordCmd) write(ctx context.Context, s *flow.Service, r flow.Record, text []byte) error {
	if s.Blobs == nil {
		return errors.New("say where the documents are: --documents DIR")
	}
	if err := os.MkdirAll(c.Out, 0o700); err != nil {
		return err
	}
	switch there, err := os.ReadDir(c.Out); {
	case err != nil:
		return err
	case len(there) > 0:
		return fmt.Errorf("the folder %s is not empty: name another one with --out", c.Out)
	}
	if err := sandbox.WriteFile(filepath.Join(c.Out, "record.json"), append(text, '\n')); err != nil {
		return err
	}
	for _, d := range r.Documents {
		f, err := os.OpenFile(filepath.Join(c.Out, d.ID), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		err = s.CopyRecordFile(ctx, c.ID, d.ID, f)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	fmt.Printf("record.json and %d files, named by their ids, are in %s\n", len(r.Documents), c.Out)
	return nil
}
