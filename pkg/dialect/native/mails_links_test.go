package native_test

import (
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

const publicURL = "https://id.acme.example"

// anyURL matches what a mail program could take for a link.
var anyURL = regexp.MustCompile(`(?i)\b(?:https?|javascript|data|ftp|mailto):[^\s"'<>]*`)

// ownLinks fails unless every link in every mail begins with the configured public URL. It
// returns how many there were by the kind of mail.
func ownLinks(t *testing.T, s *dialecttest.Server) map[mail.Kind]int {
	t.Helper()
	found := map[mail.Kind]int{}
	for _, l := range s.Letters.All() {
		for _, part := range []string{l.Subject, l.Text, html.UnescapeString(l.HTML)} {
			for _, link := range anyURL.FindAllString(part, -1) {
				found[l.Kind]++
				if !strings.HasPrefix(link, publicURL+"/account/") {
					t.Errorf("a mail of kind %s links to %s", l.Kind, link)
				}
			}
			if lower := strings.ToLower(part); strings.Contains(lower, "evil.example") || strings.Contains(lower, "/evil") { // a token may happen to have the word
				t.Errorf("a mail of kind %s has what a request said: %s", l.Kind, part)
			}
		}
	}
	return found
}

// asking are requests after which mails leave, each in the name of another address.
func asking(t *testing.T, s *dialecttest.Server, n int) []request {
	t.Helper()
	email := fmt.Sprintf("u%d@example.com", n)
	a := s.Register(t, email, goodPassword)
	invited := request{Path: "/auth/generateInvitationCode", Key: s.Secret, Body: body("email", fmt.Sprintf("guest%d@example.com", n))}
	return []request{
		forgot(email), resend(email), invited, changeEmail(a, fmt.Sprintf("new%d@example.com", n), goodPassword),
		register(s, fmt.Sprintf("later%d@example.com", n), goodPassword),
		{Path: "/auth/changePassword", Key: s.Secret, Body: body("email", email, "newPassword", otherPassword)},
	}
}

func TestLinksNeverComeFromARequest(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_PUBLIC_URL="+publicURL, behindProxy) // which is when forwarding headers are believed
		dialecttest.QuickPasswords(s)
		for n, header := range []map[string]string{
			{},
			{"X-Forwarded-Host": "evil.example"}, {"X-Forwarded-Proto": "ftp"}, {"X-Forwarded-Port": "666"}, {"X-Forwarded-Prefix": "/evil"},
			{"X-Forwarded-Scheme": "javascript"}, {"Forwarded": `for=203.0.113.1;host="evil.example";proto=https`}, {"X-Original-Host": "evil.example"},
			{"X-Host": "evil.example"}, {"X-Forwarded-Server": "evil.example"}, {"Origin": "https://evil.example"}, {"Referer": "https://evil.example/"},
			{"X-Original-URL": "https://evil.example/auth/me"}, {"X-Rewrite-URL": "//evil.example/"}, {"X-Http-Host-Override": "evil.example"},
			{"User-Agent": "https://evil.example/"}, {"X-Device-Id": "https://evil.example/"}, {"X-Forwarded-For": "evil.example"}, {"X-Client-IP": "203.0.113.1"},
			{"Accept-Language": "https://evil.example/"},
		} {
			for _, q := range asking(t, s, n) {
				q.Header = header
				if r := s.Do(t, q); r.Status/100 != 2 {
					t.Fatalf("%v: %s: %d %s", header, q.Path, r.Status, r.Body)
				}
			}
		}
		s.Settle(t)
		found := ownLinks(t, s)
		for _, kind := range []mail.Kind{mail.ResetPassword, mail.VerifyEmail, mail.Invitation, mail.ConfirmAddress, mail.AddressChange} {
			if found[kind] < 40 { // 20 in text and 20 in HTML
				t.Errorf("%d links in mails of kind %s", found[kind], kind)
			}
		}
	})
}

func TestNoLinkComesFromTheHostOfARequest(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), "GATEHOUSE_PUBLIC_URL="+publicURL, mustVerify)
	dialecttest.QuickPasswords(s)
	must(t, s, register(s, "ada@example.com", goodPassword), 202)
	raw := func(target, hosts string, q request) dialecttest.Response {
		return s.Raw(t, fmt.Sprintf("POST %s HTTP/1.1\r\n%sConnection: close\r\nContent-Type: application/json\r\nX-Api-Key: %s\r\nContent-Length: %d\r\n\r\n%s",
			target, hosts, s.Secret, len(q.Body), q.Body))
	}
	for i, q := range []request{
		forgot("ada@example.com"), resend("ada@example.com"), register(s, "ada@example.com", otherPassword), register(s, "bob@example.com", goodPassword),
		{Path: "/auth/generateInvitationCode", Body: body("email", "guest@example.com")},
	} {
		s.Settle(t)
		before := len(s.Letters.All())
		for hosts, want := range map[string]int{
			"Host: evil.example\r\n": 2, "Host: evil.example:666\r\n": 2, "Host: localhost:8080@evil.example\r\n": 4, "Host: id.acme.example.evil.example\r\n": 2,
			"Host: evil.example\r\nHost: id.acme.example\r\n": 4, "Host: id.acme.example\r\n Host: evil.example\r\n": 4, "": 4,
		} {
			q := q
			q.Body = strings.Replace(q.Body, "bob@", fmt.Sprintf("bob%d.%d@", i, len(hosts)), 1)
			if r := raw(q.Path, hosts, q); r.Status/100 != want {
				t.Errorf("%q: %d %s", hosts, r.Status, r.Body)
			}
		}
		for _, target := range []string{"http://evil.example" + q.Path, "https://id.acme.example" + q.Path, "//evil.example" + q.Path} {
			if r := raw(target, "Host: id.acme.example\r\n", q); r.Status/100 != 4 {
				t.Errorf("%s: %d %s", target, r.Status, r.Body)
			}
		}
		s.Settle(t)
		if got := len(s.Letters.All()) - before; got != 3 {
			t.Errorf("%s sent %d mails", q.Path, got)
		}
	}
	if found := ownLinks(t, s); found[mail.ResetPassword] == 0 || found[mail.VerifyEmail] == 0 || found[mail.Invitation] == 0 {
		t.Errorf("links: %v", found)
	}
}
