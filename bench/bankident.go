package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
	"regexp"
)

// newBankident is the body that creates an identification by bank login.
const newBankident = `{"method":"bank","iban":"DE62888888880012345678","terms_and_conditions_signed_at":"2019-01-01T00:00:00Z"}`

var sixDigits = regexp.MustCompile(`\b[0-9]{6}\b`)

// travelBankident is one journey by the method bank: the person, a number that is
// verified, the identification, the request, the bank's good result, authorize,
// the password from the phone, confirm, the last webhook, the signed document.
func (c *customerOnWay) travelBankident(ctx context.Context) error {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000_000))
	if err != nil {
		return err
	}
	number := fmt.Sprintf("+4915%09d", n) // one of its own: a number gets 60 messages an hour
	var person struct{ ID string }
	if err := c.call(201, "POST", "/v1/persons", customer("Anna", "Muster "+number[5:]), &person); err != nil {
		return err
	}
	phone := "/v1/persons/" + person.ID + "/mobile_number"
	body := `{"number":"` + number + `"}`
	if err := errors.Join(c.call(201, "POST", phone, body, nil), c.call(201, "POST", phone+"/authorize", body, nil)); err != nil {
		return err
	}
	code, err := c.code(number)
	if err != nil {
		return err
	}
	if err := c.call(201, "POST", phone+"/confirm", `{"number":"`+number+`","token":"`+code+`"}`, nil); err != nil {
		return err
	}
	var i shownIdentification
	if err := c.call(201, "POST", identificationsPath(person.ID), newBankident, &i); err != nil {
		return err
	}
	path := identificationsPath(person.ID) + "/" + i.ID
	if err := c.call(200, "PATCH", path+"/request", "", &i); err != nil {
		return err
	}
	done := c.traveller.await(i.ID)
	if err := c.call(200, "POST", "/sandbox/identifications/"+i.ID+"/result", `{"result":"success"}`, nil); err != nil {
		return err
	}
	if err := c.call(200, "PATCH", path+"/authorize", "", &i); err != nil {
		return err
	}
	if code, err = c.code(number); err != nil {
		return err
	}
	if err := c.call(200, "PATCH", path+"/confirm", `{"token":"`+code+`"}`, &i); err != nil {
		return err
	}
	if err := wait(ctx, i.ID, done); err != nil {
		return err
	}
	return c.download(person.ID, path, 1)
}

// code is the one-time password that the phone was sent last.
func (c *customerOnWay) code(number string) (string, error) {
	var messages []struct{ Text string }
	if err := c.call(200, "GET", "/sandbox/messages?sort=-created_at&page%5Bsize%5D=1&number=%2B"+number[1:], "", &messages); err != nil {
		return "", err
	}
	if len(messages) == 0 {
		return "", errors.New("no message came")
	}
	code := sixDigits.FindString(messages[0].Text)
	if code == "" {
		return "", errors.New("a message has no password")
	}
	return code, nil
}

// measureBankident compares whole journeys by the method bank with one-row commits.
func measureBankident(ctx context.Context, b *bench, database string, r *databaseReport) (err error) {
	r.Bankident, err = b.compareJourneys(ctx, database, "bankident", func(j *journeys) { j.order.Bankident = true })
	return err
}
