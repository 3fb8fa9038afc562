package native_test

import (
	"strings"
	"testing"
	"unicode/utf16"

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

func utf16LE(s string) string {
	var out strings.Builder
	for _, u := range utf16.Encode([]rune("\ufeff" + s)) {
		out.WriteByte(byte(u))
		out.WriteByte(byte(u >> 8))
	}
	return out.String()
}

func TestABodyThatCanBeReadInTwoWaysIsNotRead(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	dialecttest.QuickPasswords(s)
	s.Register(t, "ada@example.com", goodPassword)
	const honest = `{"email":"new@example.com","password":"a long enough phrase"}`
	const rest = `,"password":"a long enough phrase"}`
	post := func(text string) request { return request{Path: "/auth/register", Key: s.Publishable, Body: text} }
	for _, c := range []struct{ name, body, code, field string }{
		{"a member twice", `{"email":"new@example.com","email":"evil@example.com"` + rest, "invalid_input", "email"},
		{"a member twice, once escaped", `{"email":"new@example.com","em\u0061il":"evil@example.com"` + rest, "invalid_input", "email"},
		{"a member twice with one value", `{"email":"new@example.com","email":"new@example.com"` + rest, "invalid_input", "email"},
		{"a member in capitals", `{"EMAIL":"new@example.com"` + rest, "invalid_input", "EMAIL"},
		{"a member in capitals beside the right one", `{"email":"new@example.com","Email":"evil@example.com"` + rest, "invalid_input", "Email"},
		{"a long s", `{"email":"new@example.com","paſſword":"a long enough phrase"}`, "invalid_input", "paſſword"},
		{"an unknown member", `{"email":"new@example.com","admin":true` + rest, "invalid_input", "admin"},
		{"the member called minus", `{"-":"admin","email":"new@example.com"` + rest, "invalid_input", "-"},
		{"a member without a name", `{"":"admin","email":"new@example.com"` + rest, "invalid_input", ""},
		{"a prototype", `{"__proto__":{"userType":"admin"},"email":"new@example.com"` + rest, "invalid_input", "__proto__"},
		{"another object behind it", honest + `{}`, "invalid_json", ""},
		{"another object on another line", honest + "\n" + honest, "invalid_json", ""},
		{"a bracket behind it", honest + `]`, "invalid_json", ""},
		{"a NUL behind it", honest + "\x00", "invalid_json", ""},
		{"a comma at the end", `{"email":"new@example.com","password":"a long enough phrase",}`, "invalid_json", ""},
		{"a comment", `{/* */"email":"new@example.com"` + rest, "invalid_json", ""},
		{"single quotes", `{'email':'new@example.com'}`, "invalid_json", ""},
		{"a byte order mark", "\ufeff" + honest, "invalid_json", ""},
		{"UTF-16", utf16LE(honest), "invalid_json", ""},
		{"no UTF-8", `{"email":"new@example.com","password":"a long enough phrase` + "\xff" + `"}`, "invalid_json", ""},
		{"no UTF-8 in a name", `{"email":"new@example.com","password` + "\xff" + `":"a long enough phrase"}`, "invalid_json", ""},
		{"UTF-8 that is longer than it needs to be", `{"email":"new@example.com","password":"a long enough phrase` + "\xc0\xaf" + `"}`, "invalid_json", ""},
		{"half a surrogate pair", `{"email":"new@example.com","password":"a long enough phrase\ud800"}`, "invalid_json", ""},
		{"a raw line break in a string", "{\"email\":\"new@example.com\",\"password\":\"a long enough\nphrase\"}", "invalid_json", ""},
		{"10001 open brackets", strings.Repeat("[", 10001), "invalid_json", ""},
		{"10001 open braces", strings.Repeat(`{"a":`, 10001), "invalid_json", ""},
		{"10001 brackets in a member", `{"email":` + strings.Repeat("[", 10001) + strings.Repeat("]", 10001) + `}`, "invalid_json", ""},
		{"null", `null`, "invalid_json", ""},
		{"a list", `[` + honest + `]`, "invalid_json", ""},
		{"a string", `"` + "email" + `"`, "invalid_json", ""},
		{"a number", `1e999`, "invalid_json", ""},
		{"spaces", "   ", "invalid_json", ""},
		{"half an object", `{"email":"new@example.com"`, "invalid_json", ""},
		{"a huge number", `{"email":1e999` + rest, "invalid_input", "email"},
		{"a number too long to be read", `{"email":` + strings.Repeat("9", 5000) + rest, "invalid_input", "email"},
		{"a null address", `{"email":null` + rest, "invalid_input", "email"},
		{"no address", `{"password":"a long enough phrase"}`, "invalid_input", "email"},
		{"a form", `email=new%40example.com&password=a+long+enough+phrase`, "invalid_json", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := s.Do(t, post(c.body))
			if r.Status != 400 || r.Code() != c.code || field(t, r) != c.field {
				t.Errorf("got %d %s, want 400 %s for %q", r.Status, r.Body, c.code, c.field)
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
	for _, contentType := range []string{
		"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json;charset=utf-7",
		"application/json; charset=utf-16", "application/json; charset=latin1", "application/jsonx", "text/json",
		"application/problem+json", "*/*", "application/json, text/plain", "application/json; charset=utf-8; charset=utf-7", "application/json; =",
	} {
		s.Run(t, []kase{{Name: "of type " + contentType, Request: patch(contentType, ""), Status: 415, Code: "unsupported_media_type"}})
	}
	for _, encoding := range []string{"gzip", "deflate", "br", "identity", "x"} {
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
