package sqlstore

import (
	"encoding/json"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

type partners struct{ c conn }

const partnerColumns = `id, name, client_id, secret_hash, ident_secret_hash, methods, greeting, success_url, failure_url, created_at, idnow_account`

func readPartner(scan func(...any) error) (p kyc.Partner, err error) {
	var methods string
	var created int64
	err = scan(&p.ID, &p.Name, &p.ClientID, &p.SecretHash, &p.IdentSecretHash, &methods,
		&p.Greeting, &p.SuccessURL, &p.FailureURL, &created, &p.IDnowAccount)
	if err == nil {
		err = json.Unmarshal([]byte(methods), &p.Methods)
	}
	p.CreatedAt = at(created)
	return p, err
}

func (s partners) Get(id string) (kyc.Partner, error) {
	return must(s.c, "Partner", id, readPartner,
		`SELECT `+partnerColumns+` FROM partners WHERE id = $1`, id)
}

func (s partners) ByClientID(clientID string) (kyc.Partner, error) {
	return must(s.c, "Partner", clientID, readPartner,
		`SELECT `+partnerColumns+` FROM partners WHERE client_id = $1`+s.c.forUpdate(), clientID)
}

func (s partners) List() ([]kyc.Partner, error) {
	return many(s.c, readPartner, `SELECT `+partnerColumns+` FROM partners ORDER BY seq`)
}

func (s partners) Insert(p kyc.Partner) error {
	methods, err := json.Marshal(p.Methods)
	if err != nil {
		return err
	}
	return s.c.exec(`INSERT INTO partners (`+partnerColumns+`) VALUES (`+placeholders(1, 11)+`)`,
		p.ID, p.Name, p.ClientID, p.SecretHash, p.IdentSecretHash, string(methods),
		p.Greeting, p.SuccessURL, p.FailureURL, us(p.CreatedAt), p.IDnowAccount)
}

func (s partners) Update(p kyc.Partner) error {
	methods, err := json.Marshal(p.Methods)
	if err != nil {
		return err
	}
	return s.c.exec(`UPDATE partners SET name = $2, secret_hash = $3, ident_secret_hash = $4, methods = $5,
		greeting = $6, success_url = $7, failure_url = $8, idnow_account = $9 WHERE id = $1`,
		p.ID, p.Name, p.SecretHash, p.IdentSecretHash, string(methods), p.Greeting, p.SuccessURL, p.FailureURL, p.IDnowAccount)
}

func readToken(scan func(...any) error) (t kyc.Token, err error) {
	var expires int64
	err = scan(&t.Hash, &t.PartnerID, &expires)
	t.ExpiresAt = at(expires)
	return t, err
}

func (s partners) Token(hash []byte) (kyc.Token, error) {
	return must(s.c, "Token", "", readToken,
		`SELECT hash, partner_id, expires_at FROM tokens WHERE hash = $1`, hash)
}

func (s partners) InsertToken(t kyc.Token) error {
	return s.c.exec(`INSERT INTO tokens (hash, partner_id, expires_at) VALUES ($1, $2, $3)`,
		t.Hash, t.PartnerID, us(t.ExpiresAt))
}

func (s partners) PurgeTokens(expiredBefore time.Time) error {
	return s.c.exec(`DELETE FROM tokens WHERE expires_at < $1`, us(expiredBefore))
}
