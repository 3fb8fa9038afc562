package native_test

import (
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// accounts returns how many there are.
func accounts(t *testing.T, s *dialecttest.Server) int {
	t.Helper()
	all, err := s.App.Accounts.List(t.Context(), "", 1000)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func TestABodyThatCanBeReadInTwoWaysIsNotRead(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	dialecttest.QuickPasswords(s)
	s.Register(t, "ada@example.com", goodPassword)
	const honest = `{"email":"new@example.com","password":"a long enough phrase"}`
	const rest = `,"password":"a long enough phrase"}`
	post := func(text string) request { return request{Path: "/auth/register", Key: s.Publishable, Body: text} }
	for _, c := range dialecttest.BrokenBodies() {
		t.Run(c.Name, func(t *testing.T) {
			r := s.Do(t, post(c.Body))
			if r.Status != 400 || r.Code() != c.Code || field(t, r) != c.Field {
				t.Errorf("got %d %s, want 400 %s for %q", r.Status, r.Body, c.Code, c.Field)
			}
			if got := accounts(t, s); got != 1 {
				t.Errorf("there are %d accounts", got)
			}
		})
	}
	s.Run(t, []kase{
		{Name: "a Kelvin sign", Request: request{Path: "/auth/introspect", Key: s.Secret, Body: `{"toKen":"x"}`}, Status: 400, Code: "invalid_input", Has: []string{`"field":"toKen"`}},
		{Name: "the honest token", Request: request{Path: "/auth/introspect", Key: s.Secret, Body: `{"token":"x"}`}, Status: 200},
		{Name: "the honest body", Request: post(" \r\n\t" + honest + "\r\n "), Status: 201},
		{Name: "escapes and all of Unicode", Request: post(`{"email":"\u006eew2@example.com","password":"a long enough phrase \ud83d\ude00 \u0000 <>&","name":"Ада 👩‍🔬"}`), Status: 201},
		{Name: "sixteen levels", Request: post(`{"email":"new3@example.com"` + rest[:len(rest)-1] + `,"name":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`), Status: 400, Code: "invalid_input", Has: []string{`"field":"name`}},
		{Name: "brackets in a string", Request: post(`{"email":"new4@example.com","password":"` + strings.Repeat("[{", 40) + `\"]} a phrase"}`), Status: 201},
	})
}

func TestABodyMustSayWhatItIs(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	dialecttest.QuickPasswords(s)
	a := s.Register(t, "ada@example.com", goodPassword)
	patch := func(contentType, encoding string) request {
		q := request{Method: "PATCH", Path: "/auth/me", Bearer: a.AccessToken, Body: `{"name":"Eve"}`, Header: map[string]string{"Content-Type": contentType}}
		if encoding != "" {
			q.Header["Content-Encoding"] = encoding
		}
		return q
	}
	for _, contentType := range dialecttest.OtherTypes() {
		s.Run(t, []kase{{Name: "of type " + contentType, Request: patch(contentType, ""), Status: 415, Code: "unsupported_media_type"}})
	}
	for _, encoding := range dialecttest.Encodings() {
		s.Run(t, []kase{{Name: "encoded as " + encoding, Request: patch("application/json", encoding), Status: 415, Code: "unsupported_media_type"}})
	}
	for name, header := range map[string]string{"no type": "", "two types": "Content-Type: application/json\r\nContent-Type: text/plain\r\n"} {
		r := s.Raw(t, "PATCH /auth/me HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"+header+"Authorization: Bearer "+a.AccessToken+"\r\nContent-Length: 14\r\n\r\n"+`{"name":"Eve"}`)
		if r.Status != 415 {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
	s.Run(t, []kase{
		{Name: "nothing changed", Request: request{Path: "/auth/me", Bearer: a.AccessToken}, Status: 200, Never: []string{"Eve"}},
		{Name: "a form where only JSON is taken", Request: request{Path: "/auth/login", Key: s.Publishable, Type: "application/x-www-form-urlencoded", Body: "email=ada@example.com&password=a+long+enough+phrase"}, Status: 415},
		{Name: "an operator in a form", Request: request{Path: "/auth/introspect", Key: s.Secret, Type: "application/x-www-form-urlencoded", Body: "token[$ne]=x"}, Status: 400, Has: []string{`"field":"token[$ne]"`}},
		{Name: "two tokens in a form", Request: request{Path: "/auth/revoke", Key: s.Publishable, Type: "application/x-www-form-urlencoded", Body: "token=x&token=" + a.RefreshToken}, Status: 400, Has: []string{`"field":"token"`}},
		{Name: "a form that can be cut in two ways", Request: request{Path: "/auth/revoke", Key: s.Publishable, Type: "application/x-www-form-urlencoded", Body: "token=x;token=" + a.RefreshToken}, Status: 400, Code: "invalid_form"},
		{Name: "a query for a body", Request: request{Path: "/auth/login?email[$gt]=&password[$gt]=", Key: s.Publishable, Body: "{}"}, Status: 400, Has: []string{`"field":"email"`}},
		{Name: "in UTF-8", Request: patch("application/json; charset=UTF-8", ""), Status: 200, Has: []string{"Eve"}},
		{Name: "in capitals", Request: patch(`APPLICATION/JSON ; charset="utf-8"`, ""), Status: 200},
	})
}

func TestABodyIsBounded(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	work := dialecttest.QuickPasswords(s)
	login := func(text string) request { return request{Path: "/auth/login", Key: s.Publishable, Body: text} }
	right := body("email", "ada@example.com", "password", goodPassword)
	s.Register(t, "ada@example.com", goodPassword)
	work.Work()
	s.Run(t, []kase{
		{Name: "65 KiB", Request: login(right + strings.Repeat(" ", 65<<10-len(right))), Status: 413, Code: "too_large"},
		{Name: "one byte more than 64 KiB", Request: login(right + strings.Repeat(" ", 64<<10+1-len(right))), Status: 413},
		{Name: "a password of 200 kB", Request: login(body("email", "ada@example.com", "password", strings.Repeat("x", 200_000))), Status: 413},
		{Name: "nothing", Request: request{Method: "POST", Path: "/auth/login", Key: s.Publishable}, Status: 415},
		{Name: "an object of nothing", Request: login("{}"), Status: 400, Code: "invalid_input", Has: []string{`"field":"email"`}},
	})
	chunked := s.Raw(t, "POST /auth/login HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nX-Api-Key: "+s.Publishable+
		"\r\nTransfer-Encoding: chunked\r\n\r\n11000\r\n"+strings.Repeat(" ", 0x11000)+"\r\n0\r\n\r\n")
	if chunked.Status != 413 {
		t.Errorf("68 KiB in chunks: %d %s", chunked.Status, chunked.Body)
	}
	if got := work.Work(); got != 0 {
		t.Errorf("%d passwords were hashed", got)
	}
	s.Run(t, []kase{{Name: "64 KiB", Request: login(right + strings.Repeat(" ", 64<<10-len(right))), Status: 200}})
}
