package sqlstore_test

import (
	"strconv"
	"testing"

	"github.com/identikit/identikit/internal/id"
	"github.com/identikit/identikit/internal/kyc"
	"github.com/identikit/identikit/internal/store/sqlstore"
	"github.com/identikit/identikit/internal/store/storetest"
	"github.com/identikit/identikit/internal/testkit/testdb"
)

func TestContract(t *testing.T) {
	for name, url := range map[string]func(testing.TB) string{"sqlite": testdb.SQLite, "postgres": testdb.Postgres} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, func(t *testing.T, clock kyc.Clock, sequenced bool) kyc.Store {
				opts := sqlstore.Options{Clock: clock, Sequenced: sequenced, NewID: func(s string, _ int64) string { return id.Random(s) }}
				if sequenced {
					opts.NewID = func(suffix string, n int64) string { return strconv.FormatInt(n, 10) + suffix }
				}
				s, err := sqlstore.Open(t.Context(), url(t), opts)
				if err != nil {
					t.Fatal(err)
				}
				return s
			})
		})
	}
}
