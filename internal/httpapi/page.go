package httpapi

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/identikit/identikit/internal/kyc"
)

const (
	defaultPageSize = 10
	maxPageSize     = 1000
	maxPageNumber   = 1_000_000_000
	// exactUpTo is how far a partner-wide total is counted on every request;
	// beyond it a count of at most totalAge is shown (rulings §1).
	exactUpTo = 10_000
	totalAge  = 10 * time.Second
	countAll  = math.MaxInt32
)

// pageOf reads page[number], page[size] (at most largest) and sort.
func pageOf(c *call, largest int) (p kyc.Page, number, size int, err error) {
	q, err := url.ParseQuery(c.URL.RawQuery)
	if err != nil {
		return p, 0, 0, kyc.Fail(kyc.Invalid, "validation_error", "The query string is malformed.")
	}
	var broken []kyc.FieldError
	read := func(name string, fallback, most int) int {
		if !q.Has(name) {
			return fallback
		}
		n, err := strconv.Atoi(q.Get(name))
		if err != nil || n < 1 || n > most {
			broken = append(broken, kyc.FieldError{
				Code: "validation_error", Field: name, Message: "must be a whole number from 1 to " + strconv.Itoa(most),
			})
			return fallback
		}
		return n
	}
	number, size = read("page[number]", 1, maxPageNumber), read("page[size]", defaultPageSize, largest)
	switch q.Get("sort") {
	case "", "created_at":
	case "-created_at":
		p.Newest = true
	default:
		broken = append(broken, kyc.FieldError{Code: "validation_error", Field: "sort", Message: "must be created_at or -created_at"})
	}
	p.Offset, p.Limit = (number-1)*size, size
	if len(broken) > 0 {
		err = &kyc.Error{Kind: kyc.Invalid, Code: "validation_error", Fields: broken}
	}
	return p, number, size, err
}

// list is how a list is read, shown and counted.
type list[T any] struct {
	read  func(kyc.View, kyc.Page) ([]T, error)
	show  func(T) ([]byte, error)
	count func(v kyc.View, atMost int) (int, error)
	// wide names a partner-wide list, whose total may be some seconds old when it
	// is long; the total of any other is exact.
	wide string
	// largest is the largest page; 0 means maxPageSize.
	largest int
}

// writeList answers with the page that was asked for: a bare array.
func writeList[T any](s *Server, c *call, l list[T]) error {
	page, number, size, err := pageOf(c, cmp.Or(l.largest, maxPageSize))
	if err != nil {
		return err
	}
	items, total := []byte{'['}, 0
	err = s.view(c, func(v kyc.View) error {
		nouns, err := l.read(v, page)
		if err != nil {
			return err
		}
		for n, noun := range nouns {
			item, err := l.show(noun)
			if err != nil {
				return err
			}
			if n > 0 {
				items = append(items, ',')
			}
			items = append(items, item...)
		}
		count := func(atMost int) (int, error) { return l.count(v, atMost) }
		if l.wide == "" {
			total, err = count(countAll)
		} else {
			total, err = s.totals.of(l.wide, c.partnerID, s.flow.Wall, count)
		}
		return err
	})
	if err != nil {
		return err
	}
	s.describePage(c, number, size, total)
	return writeBytes(c, http.StatusOK, append(items, ']'))
}

// describePage sets the headers of a page: the total, the size, the links.
func (s *Server) describePage(c *call, number, size, total int) {
	last := max(1, (total+size-1)/size)
	h := c.Header()
	h.Set("total", strconv.Itoa(total))
	h.Set("per_page", strconv.Itoa(size))
	h.Set("per-page", strconv.Itoa(size))
	links := []string{s.link(c, "first", 1)}
	if number > 1 {
		links = append(links, s.link(c, "prev", min(number-1, last)))
	}
	if number < last {
		links = append(links, s.link(c, "next", number+1))
	}
	h.Set("link", strings.Join(append(links, s.link(c, "last", last)), ", "))
}

func (s *Server) link(c *call, rel string, number int) string {
	origin := s.public
	if origin == "" {
		scheme := "http"
		if c.TLS != nil {
			scheme = "https"
		}
		origin = scheme + "://" + c.Host
	}
	q := c.URL.Query()
	q.Set("page[number]", strconv.Itoa(number))
	return fmt.Sprintf("<%s%s?%s>; rel=%q", origin, (&url.URL{Path: c.URL.Path}).EscapedPath(), q.Encode(), rel)
}

// totals remembers how many things a partner has, for lists too long to count
// each time.
type totals struct {
	mu    sync.Mutex
	known map[string]counted
}

type counted struct {
	n  int
	at time.Time
}

// of counts up to exactUpTo, and beyond that remembers.
func (t *totals) of(list, partnerID string, wall kyc.Clock, count func(atMost int) (int, error)) (int, error) {
	key := list + "/" + partnerID
	t.mu.Lock()
	known, ok := t.known[key]
	t.mu.Unlock()
	if ok && wall.Now().Sub(known.at) < totalAge {
		return known.n, nil
	}
	n, err := count(exactUpTo + 1)
	if err != nil || n <= exactUpTo {
		return n, err
	}
	if n, err = count(countAll); err != nil {
		return 0, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.known == nil {
		t.known = map[string]counted{}
	}
	t.known[key] = counted{n, wall.Now()}
	return n, nil
}
