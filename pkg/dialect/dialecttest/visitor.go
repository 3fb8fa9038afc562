package dialecttest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// Visitor is a browser without scripts: it keeps cookies and follows nothing by itself. All nodes
// are one host to it, as they are behind a proxy. The zero value is a fresh one; it belongs to the
// goroutine of its test.
type Visitor struct {
	cookies map[string]string
	set     []*http.Cookie // by the last answer
}

// Visit sends a request with the cookies that the visitor has, and keeps those of the answer.
func (v *Visitor) Visit(t testing.TB, s *Server, q Request) Response {
	t.Helper()
	if len(v.cookies) > 0 {
		q.Header = maps.Clone(q.Header)
		if q.Header == nil {
			q.Header = map[string]string{}
		}
		q.Header["Cookie"] = v.Cookies()
	}
	r := s.Do(t, q)
	v.keep(t, r)
	return r
}

// Open navigates to a path, or to an absolute URL whose origin does not matter.
func (v *Visitor) Open(t testing.TB, s *Server, at string) Response {
	t.Helper()
	u, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}
	return v.Visit(t, s, Request{Path: u.RequestURI()})
}

// Twin returns another visitor with the same cookies, as another tab or a thief of them is.
func (v *Visitor) Twin() *Visitor { return &Visitor{cookies: maps.Clone(v.cookies)} }

// Cookies returns all cookies, as the header has them.
func (v *Visitor) Cookies() string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(v.cookies)) {
		pairs = append(pairs, name+"="+v.cookies[name])
	}
	return strings.Join(pairs, "; ")
}

// Has reports whether the visitor has a cookie whose name has this part.
func (v *Visitor) Has(part string) bool {
	return slices.ContainsFunc(slices.Collect(maps.Keys(v.cookies)), func(name string) bool { return strings.Contains(name, part) })
}

// Set returns the cookies that the last answer has set or removed.
func (v *Visitor) Set() []*http.Cookie { return v.set }

func (v *Visitor) keep(t testing.TB, r Response) {
	t.Helper()
	if v.cookies == nil {
		v.cookies = map[string]string{}
	}
	v.set = nil
	for _, line := range r.Header.Values("Set-Cookie") {
		c, err := http.ParseSetCookie(line)
		if err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		v.set = append(v.set, c)
		if c.MaxAge < 0 {
			delete(v.cookies, c.Name)
			continue
		}
		v.cookies[c.Name] = c.Value
	}
}
