package handoff_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/handoff"
)

func destinations() *handoff.Service {
	return &handoff.Service{
		PublicURL: "https://id.example.com", AppURL: "/app/", Origins: []string{"https://app.example.org", "http://localhost:5173"},
	}
}

func TestABrowserGoesOnlyWhereItMay(t *testing.T) {
	s := destinations()
	for _, c := range []struct{ name, wanted, want string }{
		{"nothing asked for is the app", "", "https://id.example.com/app/"},
		{"a path is on our origin", "/app/orders?id=7", "https://id.example.com/app/orders?id=7"},
		{"our own origin", "https://id.example.com/x", "https://id.example.com/x"},
		{"an allowed origin", "https://app.example.org/x?y=1", "https://app.example.org/x?y=1"},
		{"an allowed origin without a path", "https://app.example.org", "https://app.example.org"},
		{"an allowed origin in capitals", "HTTPS://APP.example.org/x", "https://APP.example.org/x"},
		{"an allowed origin with a port", "http://localhost:5173/", "http://localhost:5173/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := s.Destination(c.wanted)
			if err != nil || got != c.want {
				t.Errorf("got %q, %v; want %q", got, err, c.want)
			}
		})
	}
	for _, wanted := range []string{
		"//evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example", "https:/evil.example", "https:///evil.example",
		"https://id.example.com@evil.example/", "https://app.example.org@evil.example/", "https://app.example.org.evil.example/",
		"https://app.example.orgx/", "https://app.example.org:444/", "https://app.example.org%00.evil.example/", "http://app.example.org/",
		"https://user@app.example.org/", "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "/x\r\nSet-Cookie: a=b", "/x y",
		"/x#SF_Token=1", "https://app.example.org/#x", "evil.example", "app", "?x", ".//evil.example", "/\t/evil.example", "https://evil.example",
		"https://xn--pp-eka.example.org/", "https://äpp.example.org/", "/" + strings.Repeat("x", 3000), "%2f%2fevil.example", "/%2f%2fevil.example", "///evil.example", "blob:https://id.example.com/x",
	} {
		t.Run("refuses "+url.QueryEscape(wanted[:min(40, len(wanted))]), func(t *testing.T) {
			if got, err := s.Destination(wanted); err == nil {
				t.Errorf("goes to %q", got)
			}
		})
	}
}

// FuzzDestination holds that whatever is asked for, the browser ends up on an allowed origin,
// as url.Parse sees it, and that nothing in it could end a header or an attribute.
func FuzzDestination(f *testing.F) {
	for _, s := range []string{"", "/", "/app", "//x", "/\\x", "https://app.example.org/x", "https://id.example.com@x", "http://localhost:5173//x", "https://app.example.org?x"} {
		f.Add(s)
	}
	s := destinations()
	f.Fuzz(func(t *testing.T, wanted string) {
		got, err := s.Destination(wanted)
		if err != nil {
			return
		}
		u, err := url.Parse(got)
		if err != nil {
			t.Fatalf("%q goes to %q: %v", wanted, got, err)
		}
		switch strings.ToLower(u.Scheme + "://" + u.Host) {
		case "https://id.example.com", "https://app.example.org", "http://localhost:5173":
		default:
			t.Fatalf("%q goes to %q", wanted, got)
		}
		if strings.ContainsAny(got, "\r\n\"<>\\ #") {
			t.Fatalf("%q goes to %q", wanted, got)
		}
	})
}
