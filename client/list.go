package client

import (
	"context"
	"iter"
	"net/url"
	"strconv"
	"strings"
)

// defaultPage is how many things a page of a list has unless PageSize says so.
const defaultPage = 100

// PageSize is how many things of a list are fetched at once, 1 to 1000.
func PageSize(n int) QueryOption {
	return func(q url.Values) { q.Set("page[size]", strconv.Itoa(n)) }
}

// NewestFirst turns the order of a list round. What is created while the list is
// read may then make one thing appear twice; oldest first, nothing can.
func NewestFirst(q url.Values) { q.Set("sort", "-created_at") }

// list walks through all pages of a list. An error is the last thing it yields.
func list[T any](ctx context.Context, c *Client, q call, options []QueryOption) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		q := q.asking(append([]QueryOption{PageSize(defaultPage)}, options...))
		for number := 1; ; number++ {
			q.query.Set("page[number]", strconv.Itoa(number))
			page, more, err := fetchPage[T](ctx, c, q)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range page {
				if !yield(item, nil) {
					return
				}
			}
			if !more {
				return
			}
		}
	}
}

// fetchPage fetches one page. Whether there is a next one is in the header link;
// its address is not followed, so that nobody is sent a token by naming himself.
func fetchPage[T any](ctx context.Context, c *Client, q call) (page []T, more bool, err error) {
	resp, err := c.do(ctx, q)
	if err != nil {
		return nil, false, err
	}
	links := strings.Join(resp.Header.Values("Link"), ",")
	if err := read(resp, &page); err != nil {
		return nil, false, err
	}
	if links == "" {
		size, err := strconv.Atoi(q.query.Get("page[size]"))
		return page, err == nil && len(page) >= size, nil
	}
	return page, len(page) > 0 && strings.Contains(links, `rel="next"`), nil
}

// Collect takes the whole of a list, for one that is known to be short.
func Collect[T any](items iter.Seq2[T, error]) ([]T, error) {
	var all []T
	for item, err := range items {
		if err != nil {
			return all, err
		}
		all = append(all, item)
	}
	return all, nil
}
