package httpkit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/httpkit"
)

type fuzzed struct {
	Email string          `json:"email"`
	Count *int64          `json:"count"`
	Name  *string         `json:"name"`
	Raw   json.RawMessage `json:"raw"`
}

// FuzzJSON holds that a body is taken only when there is one way to read it, in which every
// other reader of JSON reads it too, and that a refusal is the caller's fault.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"email":"a"}`, ` {"email":"a","count":1,"name":null,"raw":{"x":[1,"ü"]}} `, `{"email":"a","email":"b"}`, `{"EMAIL":"a"}`, `{"em\u0061il":"a","email":"b"}`,
		`{"email":"a"}{}`, `[{}]`, `null`, "\ufeff{}", "{\"email\":\"\xff\"}", `{"email":"\ud800"}`, `{"count":1e999}`, `{"count":1.0}`, `{"raw":{"a":1,"a":2}}`,
		strings.Repeat(`{"raw":`, 17) + strings.Repeat("}", 17), `{"raw":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`, `{"-":1}`, `{"":1}`, `{"email":"a",}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		var got fuzzed
		err := httpkit.ReadJSON(r, &got)
		if err != nil {
			if f := (*fault.Error)(nil); !errors.As(err, &f) || f.Kind != fault.Invalid {
				t.Fatalf("%q is refused with %v", body, err)
			}
			return
		}
		if !utf8.Valid(body) || bytes.TrimLeft(body, " \t\r\n")[0] != '{' {
			t.Fatalf("%q is taken", body)
		}
		walk(t, json.NewDecoder(bytes.NewReader(body)), body, 0)
		var want fuzzed
		strict := json.NewDecoder(bytes.NewReader(body))
		strict.DisallowUnknownFields()
		if err := strict.Decode(&want); err != nil {
			t.Fatalf("%q is taken, and others say %v", body, err)
		}
		if _, err := strict.Token(); !errors.Is(err, io.EOF) {
			t.Fatalf("%q is taken with something behind it", body)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q is read in two ways:\n%s", body, diff)
		}
	})
}

// walk reads one value and fails when an object in it names a member twice, or when it is
// deeper than 16 levels.
func walk(t *testing.T, d *json.Decoder, body []byte, depth int) {
	t.Helper()
	token, err := d.Token()
	if err != nil {
		t.Fatalf("%q: %v", body, err)
	}
	delim, ok := token.(json.Delim)
	if !ok {
		return
	}
	if depth++; depth > 16 {
		t.Fatalf("%q is deeper than 16", body)
	}
	seen := map[string]bool{}
	for d.More() {
		if delim == '{' {
			name, _ := d.Token()
			if s, _ := name.(string); seen[s] {
				t.Fatalf("%q names %q twice", body, s)
			} else {
				seen[s] = true
			}
		}
		walk(t, d, body, depth)
	}
	_, _ = d.Token() // the closing one
}

// FuzzAddress holds that an address is canonical, that headers mean nothing from a peer who is
// not trusted, and that nothing left of the right-most untrusted hop means anything.
func FuzzAddress(f *testing.F) {
	trusted := httpkit.Proxies{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	trusts := func(s string) bool {
		a, err := netip.ParseAddr(s)
		return err == nil && (trusted[0].Contains(a) || trusted[1].Contains(a))
	}
	for _, peer := range []string{"10.0.0.1:80", "203.0.113.1:80", "[::1]:80", "[::ffff:10.0.0.1]:80", "[fe80::1%eth0]:80", "@", ""} {
		for _, header := range []string{"", "203.0.113.9", "x, 203.0.113.9", "203.0.113.9, 10.2.3.4", "::ffff:203.0.113.9", "fe80::1%a", ", ,", "203.0.113.9:80", "1.2.3.4,x"} {
			f.Add(peer, header, "198.51.100.1")
		}
	}
	f.Fuzz(func(t *testing.T, peer, header, more string) {
		ask := func(p httpkit.Proxies, lines ...string) string {
			r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": lines}}
			got := p.Address(r)
			if a, err := netip.ParseAddr(got); got != "" && (err != nil || a.String() != got || a.Is4In6() || a.Zone() != "") {
				t.Fatalf("%q with %q is from %q", peer, lines, got)
			}
			return got
		}
		direct := ask(nil)
		if got := ask(nil, header); got != direct {
			t.Fatalf("nobody is trusted and %q makes %q of %q", header, got, direct)
		}
		if got := ask(trusted, header+", x"); got != direct {
			t.Fatalf("what stands left of garbage makes %q of %q", got, direct)
		}
		behind := ask(trusted, header)
		if !trusts(direct) && behind != direct {
			t.Fatalf("%q is not trusted and %q makes %q of it", direct, header, behind)
		}
		if trusts(behind) || behind == "" {
			return // there was nobody else in the header: what came before would count
		}
		if got := ask(trusted, more+","+header); got != behind {
			t.Fatalf("%q in front of %q makes %q of %q", more, header, got, behind)
		}
		if got := ask(trusted, more, header); got != behind {
			t.Fatalf("the line %q before %q makes %q of %q", more, header, got, behind)
		}
	})
}

// FuzzPath holds that a target that passes names one path: cleaning it changes nothing, and no
// separator is hidden in it, neither for those who decode it nor for those who do not.
func FuzzPath(f *testing.F) {
	for _, s := range []string{
		"/auth/me", "/auth%2fme", "/auth/%2E%2e/x", "//x", "/a/", "/a//", "/a/./b", "/a/..", "/a;b", "/a%3bb", "/a%5Cb", "/a%00", "/a%252fb", "http://x/a", "x:a", "*", "", "/%", "/a%20b",
		"/a%c0%af", "/a?b=//", "/ü", "/%2f", "/.", "/..;/",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, target string) {
		u, err := url.ParseRequestURI(target)
		if err != nil || httpkit.Ambiguous(&http.Request{URL: u}) {
			return
		}
		p, raw := u.Path, u.EscapedPath()
		if cleaned := path.Clean(p); cleaned != p && cleaned+"/" != p {
			t.Fatalf("%q passes, and is %q to others", target, cleaned)
		}
		if strings.ContainsAny(p, "\\;\x00") || strings.Count(p, "/") != strings.Count(raw, "/") || u.Host != "" && !strings.HasPrefix(target, "//") {
			t.Fatalf("%q passes as %q", target, p)
		}
	})
}
