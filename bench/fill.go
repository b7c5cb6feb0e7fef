package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/seal"
)

// stock is what is stored for the load to ask for.
type stock struct {
	partnerID string
	stored    int
	holder    string // who holds many; empty: nobody
	held      int
	persons   sample
	paths     sample // of identifications
	sealedKey func(personID string) ([]byte, error)

	person         kyc.Person // as the API made them: what is filled in has their shape
	personHistory  kyc.Entry
	identification kyc.Identification
	history        kyc.Entry
}

// perPerson is how many identifications a person has who is filled in.
const perPerson = 10

// mostHeld is how many identifications the one person holds who has many.
const mostHeld = 10_000

// perTx is how many identifications are filled in by one transaction.
const perTx = 500

func identificationsPath(person string) string { return "/v1/persons/" + person + "/identifications" }

// newStock makes one person and one identification by the API and reads back
// how the product wrote them.
func newStock(ctx context.Context, store kyc.Store, master *seal.Master, p *partner) (*stock, error) {
	var person, ident struct{ ID string }
	if _, err := p.call(ctx, 201, "POST", "/v1/persons", customer("Anna", "Muster"), &person); err != nil {
		return nil, err
	}
	if _, err := p.call(ctx, 201, "POST", identificationsPath(person.ID), newIdentification, &ident); err != nil {
		return nil, err
	}
	s := &stock{sealedKey: master.NewKey}
	err := store.View(ctx, func(v kyc.View) (err error) {
		if s.identification, err = v.Identifications().Get(ident.ID); err != nil {
			return err
		}
		s.partnerID = s.identification.PartnerID
		if s.person, err = v.Persons().Get(s.partnerID, person.ID); err != nil {
			return err
		}
		entries, err := v.History().OfPerson(person.ID)
		if err == nil && len(entries) != 2 {
			err = fmt.Errorf("a new identification has %d lines of history, the bench knows of 2", len(entries))
		}
		if err == nil {
			s.personHistory, s.history = entries[0], entries[1]
		}
		return err
	})
	return s, err
}

// fill stores n more identifications of new persons, perPerson each. If there
// is a holder, every perPerson-th is theirs, until they hold enough.
func (s *stock) fill(ctx context.Context, store kyc.Store, n int) error {
	for n > 0 {
		size := min(n, perTx)
		persons, paths, held, err := s.batch(ctx, store, size)
		if err != nil {
			return fmt.Errorf("fill: %w", err)
		}
		s.persons.add(persons...)
		s.paths.add(paths...)
		s.stored, s.held = s.stored+size, held
		n -= size
	}
	return nil
}

// batch stores size identifications in one transaction.
func (s *stock) batch(ctx context.Context, store kyc.Store, size int) (persons, paths []string, held int, err error) {
	err = store.Tx(ctx, func(tx kyc.Tx) error {
		persons, paths, held = nil, nil, s.held // it may run again
		for n := range size {
			if n%perPerson == 0 {
				persons = append(persons, id.Random(id.Person))
				if err := s.insertPerson(tx, persons[len(persons)-1]); err != nil {
					return err
				}
			}
			owner := persons[len(persons)-1]
			if n%perPerson == perPerson-1 && held < mostHeld && s.holder != "" {
				owner = s.holder
				held++
			}
			path, err := s.insertIdentification(tx, owner)
			if err != nil {
				return err
			}
			paths = append(paths, path)
		}
		return nil
	})
	return persons, paths, held, err
}

func (s *stock) insertIdentification(tx kyc.Tx, personID string) (path string, err error) {
	i := s.identification
	i.ID, i.PersonID, i.CreatedAt = id.Random(id.Identification), personID, tx.Now()
	if err := tx.Identifications().Insert(i); err != nil {
		return "", err
	}
	e := s.history
	e.PersonID, e.IdentificationID, e.At, e.RequestID = personID, i.ID, tx.Now(), id.UUID()
	return identificationsPath(personID) + "/" + i.ID, tx.History().Add(e)
}

func (s *stock) insertPerson(tx kyc.Tx, personID string) error {
	p := s.person
	p.ID, p.CreatedAt = personID, tx.Now()
	p.Attributes = p.Attributes.Clone()
	p.Attributes.Set("last_name", "Muster "+personID[:8])
	key, err := s.sealedKey(personID)
	if err != nil {
		return err
	}
	if err := tx.Persons().Insert(p, key); err != nil {
		return err
	}
	e := s.personHistory
	e.PersonID, e.At, e.RequestID = personID, tx.Now(), id.UUID()
	return tx.History().Add(e)
}

// subscribe stores a subscription that is paused: every identification gets its
// notification and its job, and nothing is sent meanwhile.
func (s *stock) subscribe(ctx context.Context, store kyc.Store, master *seal.Master) error {
	sub := kyc.Subscription{
		ID: id.Random(id.Plain), PartnerID: s.partnerID, EventType: kyc.EventIdentification,
		URL: "https://receiver.invalid/", Paused: true,
	}
	var err error
	if sub.SealedSecret, err = master.Seal([]byte(id.Secret()), "secret of "+sub.ID); err != nil {
		return err
	}
	return store.Tx(ctx, func(tx kyc.Tx) error {
		sub.CreatedAt = tx.Now()
		return tx.Subscriptions().Insert(sub)
	})
}

// sampleSize is of how many the load picks at random.
const sampleSize = 20_000

// sample keeps a random part of what was added, each with the same chance.
type sample struct {
	kept []string
	seen int
}

func (s *sample) add(all ...string) {
	for _, one := range all {
		s.seen++
		if len(s.kept) < sampleSize {
			s.kept = append(s.kept, one)
		} else if n := rand.IntN(s.seen); n < sampleSize {
			s.kept[n] = one
		}
	}
}
