package redirect_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/redirect"
)

var rule = redirect.Rule{
	Own: "https://id.example.com",
	Others: []string{
		"https://app.example.org", "https://app.example.org:8443", "http://localhost:5173", "http://127.0.0.1:3000", "http://[::1]:3000",
		"http://intranet.example.org",
	},
}

// attacks are what nobody is sent to, neither by a page nor by a mail.
var attacks = []string{
	"//evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example", "https:/evil.example", "https:///evil.example",
	"https:\\\\app.example.org", "https://app.example.org\\@evil.example", "https://evil.example\\.app.example.org/",
	"https://evil.example", "https://id.example.com@evil.example/", "https://app.example.org@evil.example/", "https://app.example.org:x@evil.example/",
	"https://user@app.example.org/", "https://user:word@app.example.org/", "https://@app.example.org/",
	"https://app.example.org.evil.example/", "https://app.example.orgx/", "https://xapp.example.org/", "https://app.example.org./", "https://example.org/",
	"https://x.app.example.org/", "https://app.example.org:444/", "https://app.example.org:443/", "https://app.example.org:/", "https://app.example.org:8443.evil.example/",
	"https://app.example.org%00.evil.example/", "https://app.example.org%2f.evil.example/", "https://app%2eexample.org/", "https://app.example.org%23.evil.example/",
	"http://app.example.org/", "http://id.example.com/", "https://localhost:5173/", "http://localhost:5174/", "http://localhost/", "http://localhost:5173@evil.example/",
	"http://127.1:3000/", "http://2130706433:3000/", "http://[::ffff:127.0.0.1]:3000/",
	"javascript:alert(1)", "JaVaScRiPt:alert(1)", "javascript://app.example.org/%0aalert(1)", "data:text/html,x", "blob:https://id.example.com/x",
	"vbscript:x", "file:///etc/passwd", "ftp://app.example.org/", "wss://app.example.org/", "view-source:https://app.example.org/",
	"/x\r\nSet-Cookie: a=b", "https://app.example.org/\r\nBcc: x", "https://app.example.org/\x00", "/x y", " https://app.example.org/", "https://app.example.org/ ",
	"/x#SF_Token=1", "https://app.example.org/#x", "https://app.example.org/#", "https://app.example.org/?a=1#/reset",
	"evil.example", "app", "?x", ".//evil.example", "/\t/evil.example", "ht\ntps://app.example.org/", "%2f%2fevil.example", "/%2f%2fevil.example", "///evil.example",
	"https://xn--pp-eka.example.org/", "https://äpp.example.org/", "https://app.example。org/", "https://аpp.example.org/",
	"/" + strings.Repeat("x", 3000), "https://app.example.org/" + strings.Repeat("x", 3000),
	`https://app.example.org/"><svg`, `https://app.example.org/?"onload=`, "https://app.example.org/<script>",
}

func TestABrowserGoesOnlyWhereItMay(t *testing.T) {
	for _, c := range []struct{ name, wanted, want string }{
		{"a path is on our origin", "/app/orders?id=7", "https://id.example.com/app/orders?id=7"},
		{"our own origin", "https://id.example.com/x", "https://id.example.com/x"},
		{"an allowed origin", "https://app.example.org/x?y=1", "https://app.example.org/x?y=1"},
		{"an allowed origin with a port", "https://app.example.org:8443/", "https://app.example.org:8443/"},
		{"an allowed origin without a path", "https://app.example.org", "https://app.example.org"},
		{"an allowed origin in capitals", "HTTPS://APP.example.org/x", "https://APP.example.org/x"},
		{"an allowed origin by http", "http://intranet.example.org/", "http://intranet.example.org/"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, ok := rule.Destination(c.wanted); !ok || got != c.want {
				t.Errorf("got %q, %v; want %q", got, ok, c.want)
			}
		})
	}
	for _, wanted := range append(attacks, "") {
		if got, ok := rule.Destination(wanted); ok {
			t.Errorf("%q goes to %q", wanted, got)
		}
	}
}

func TestAMailedLinkLeadsOnlyWhereItMay(t *testing.T) {
	for _, c := range []struct{ name, wanted, want string }{
		{"our own origin", "https://id.example.com/x", "https://id.example.com/x?token=a%26b"},
		{"an allowed origin", "https://app.example.org/reset", "https://app.example.org/reset?token=a%26b"},
		{"with a query of its own", "https://app.example.org/reset?lang=de&x=%26", "https://app.example.org/reset?lang=de&x=%26&token=a%26b"},
		{"with an empty query", "https://app.example.org/reset?", "https://app.example.org/reset?&token=a%26b"},
		{"with parameters that only resemble it", "https://app.example.org/?mytoken=1&Token=2", "https://app.example.org/?mytoken=1&Token=2&token=a%26b"},
		{"without a path", "https://app.example.org", "https://app.example.org?token=a%26b"},
		{"the reader's machine", "http://localhost:5173/reset", "http://localhost:5173/reset?token=a%26b"},
		{"the reader's machine in capitals", "HTTP://LOCALHOST:5173/", "http://LOCALHOST:5173/?token=a%26b"},
		{"the reader's machine by number", "http://127.0.0.1:3000/", "http://127.0.0.1:3000/?token=a%26b"},
		{"the reader's machine by long number", "http://[::1]:3000/", "http://[::1]:3000/?token=a%26b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			page, ok := rule.Page(c.wanted)
			if got := redirect.WithToken(page, "a&b"); !ok || got != c.want {
				t.Errorf("got %q, %v; want %q", got, ok, c.want)
			}
		})
	}
	for _, wanted := range append([]string{
		"", "/reset", "/", "http://intranet.example.org/reset",
		"https://app.example.org/?token=x", "https://app.example.org/?a=1&token", "https://app.example.org/?%74oken=x", "https://app.example.org/?a=1;token=x",
		"https://app.example.org/?%zz",
	}, attacks...) {
		if got, ok := rule.Page(wanted); ok {
			t.Errorf("%q leads to %q", wanted, got)
		}
	}
}

// FuzzRule holds that whatever is asked for, a browser ends up on an allowed origin, as
// url.Parse sees it, with one token where a link has one, and that nothing in it could end a
// header, an attribute or a link in a text.
func FuzzRule(f *testing.F) {
	for _, s := range append([]string{"", "/", "/app", "https://app.example.org/x?y=1", "http://localhost:5173//x", "https://app.example.org?x"}, attacks...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, wanted string) {
		if got, ok := rule.Destination(wanted); ok {
			harmless(t, wanted, got)
		}
		page, ok := rule.Page(wanted)
		if !ok {
			return
		}
		u := harmless(t, wanted, redirect.WithToken(page, "secret"))
		if q, err := url.ParseQuery(u.RawQuery); err != nil || len(q["token"]) != 1 || q.Get("token") != "secret" {
			t.Fatalf("%q carries %q: %v", wanted, u.RawQuery, err)
		}
		if u.Scheme != "https" && u.Hostname() != "127.0.0.1" && u.Hostname() != "::1" && !strings.EqualFold(u.Hostname(), "localhost") {
			t.Fatalf("%q leads to %q in the clear", wanted, u)
		}
	})
}

func harmless(t *testing.T, wanted, got string) *url.URL {
	t.Helper()
	u, err := url.Parse(got)
	if err != nil {
		t.Fatalf("%q goes to %q: %v", wanted, got, err)
	}
	allowed := false
	for _, o := range append([]string{rule.Own}, rule.Others...) {
		allowed = allowed || strings.ToLower(u.Scheme+"://"+u.Host) == o
	}
	if !allowed || u.User != nil || u.Fragment != "" || strings.ContainsAny(got, "\r\n\"<>\\ #") {
		t.Fatalf("%q goes to %q", wanted, got)
	}
	return u
}
