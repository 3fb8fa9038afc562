package native_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
)

// TestATokenHasOneSpelling tries every way to write a token differently that some decoder or
// cache would take for the same, with a token that lives and with one that was signed out.
func TestATokenHasOneSpelling(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	live := s.Register(t, "ada@example.com", goodPassword).AccessToken
	dead := s.Login(t, "ada@example.com", goodPassword).AccessToken
	if r := s.Do(t, request{Method: "POST", Path: "/auth/logout", Bearer: dead}); r.Status != 204 {
		t.Fatalf("%d %s", r.Status, r.Body)
	}
	w := newWall(t, s)
	w.admits(t, "the living token", live)
	if r := s.Do(t, request{Path: "/auth/me", Bearer: dead}); r.Status != 401 || r.Code() != "session_ended" {
		t.Errorf("the token that was signed out: %d %s", r.Status, r.Body)
	}
	for state, token := range map[string]string{"living": live, "signed out": dead} {
		same := sameSignature(t, token)
		if len(same) != 15 {
			t.Fatalf("%d other spellings of the last character", len(same))
		}
		for i, spelling := range same {
			w.refuses(t, fmt.Sprintf("%s, another last character, %d", state, i), spelling)
		}
		p := split(t, token)
		for name, spelling := range map[string]string{
			"padded with =":                   token + "=",
			"padded with ==":                  token + "==",
			"padded in the header":            p.header + "=." + p.payload + "." + p.signature,
			"a part more":                     token + ".",
			"a part more, in front":           "." + token,
			"one character more":              token + "A",
			"one character less":              token[:len(token)-1],
			"twice the payload":               p.header + "." + p.payload + "." + p.payload + "." + p.signature,
			"a space in front":                " " + token,
			"a tab in front":                  "\t" + token,
			"a space inside":                  p.header + ". " + p.payload + "." + p.signature,
			"a space in the signature":        token[:len(token)-9] + " " + token[len(token)-9:],
			"quoted":                          `"` + token + `"`,
			"percent-encoded dots":            strings.ReplaceAll(token, ".", "%2e"),
			"a comma and itself":              token + "," + token,
			"a comma, a scheme and itself":    token + ", Bearer " + token,
			"the scheme twice":                "Bearer " + token,
			"a byte beyond ASCII":             token + "\u00e9",
			"a separator that looks the same": strings.Replace(token, ".", "\u2024", 1),
		} {
			w.refuses(t, state+", "+name, spelling)
		}
		// Line breaks fit in no header, but in the token of a body.
		for name, spelling := range map[string]string{
			"CRLF in the signature": token[:len(token)-9] + "\r\n" + token[len(token)-9:],
			"LF behind it":          token + "\n",
			"CRLF in front":         "\r\n" + token,
			"a NUL behind it":       token + "\x00",
		} {
			t.Run(state+", "+name, func(t *testing.T) {
				if diff := cmp.Diff(w.doors[0].shut, lookOf(s.Do(t, w.doors[0].knock(spelling)))); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
	w.admits(t, "the living token still", live)
}

// sameSignature returns the strings that decode to the bytes of token but for the spare bits
// of its last character.
func sameSignature(t testing.TB, token string) []string {
	t.Helper()
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	want, err := base64.RawURLEncoding.DecodeString(split(t, token).signature)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, c := range alphabet {
		other := token[:len(token)-1] + string(c)
		got, err := base64.RawURLEncoding.DecodeString(split(t, other).signature)
		if err == nil && string(got) == string(want) && other != token {
			out = append(out, other)
		}
	}
	return out
}

// TestTheSchemeIsOneWord holds RFC 9110 section 11.1: its case does not matter, all else does.
func TestTheSchemeIsOneWord(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	live := s.Register(t, "ada@example.com", goodPassword).AccessToken
	dead := s.Login(t, "ada@example.com", goodPassword).AccessToken
	s.Do(t, request{Method: "POST", Path: "/auth/logout", Bearer: dead})
	for header, want := range map[string]int{
		"Bearer %s": 200, "bearer %s": 200, "BEARER %s": 200,
		"Bearer %s ": 200, // white space at the end is no part of a field's value (RFC 9110 section 5.5)
		"Bearer  %s": 401, "Bearer\t%s": 401, "Bearer%s": 401, "%s": 401, "Token %s": 401, "JWT %s": 401, "Basic %s": 401, "Bearer:%s": 401,
		"Bearer Bearer %s": 401, "Bearer %[1]s %[1]s": 401, "Bearer %[1]s,Bearer %[1]s": 401, "Bearer access_token=%s": 401,
	} {
		t.Run(header, func(t *testing.T) {
			for token, want := range map[string]int{live: want, dead: 401} {
				r := s.Do(t, request{Path: "/auth/me", Header: map[string]string{"Authorization": fmt.Sprintf(header, token)}})
				if r.Status != want {
					t.Errorf("got %d %s, want %d", r.Status, r.Body, want)
				}
			}
		})
	}
}

// TestAFoldedHeaderIsNoToken speaks to the service without a client that knows better.
func TestAFoldedHeaderIsNoToken(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	token := s.Register(t, "ada@example.com", goodPassword).AccessToken
	cut := len(token) - 9
	for name, tc := range map[string]struct {
		header string
		want   []int
	}{
		"on one line":               {"Authorization: Bearer " + token, []int{200}},
		"folded behind the scheme":  {"Authorization: Bearer\r\n " + token, []int{200, 400, 401}}, // one space, to those who unfold
		"folded in the signature":   {"Authorization: Bearer " + token[:cut] + "\r\n " + token[cut:], []int{400, 401}},
		"broken in the signature":   {"Authorization: Bearer " + token[:cut] + "\r\n" + token[cut:], []int{400, 401}},
		"a bare LF":                 {"Authorization: Bearer " + token[:cut] + "\n" + token[cut:], []int{400, 401}},
		"a bare CR":                 {"Authorization: Bearer " + token[:cut] + "\r" + token[cut:], []int{400, 401}},
		"a NUL":                     {"Authorization: Bearer " + token + "\x00", []int{400, 401}},
		"a space before the colon":  {"Authorization : Bearer " + token, []int{400, 401}},
		"two headers":               {"Authorization: Bearer " + token + "\r\nAuthorization: Bearer " + token, []int{400}},
		"two in different spelling": {"authorization: Bearer " + token + "\r\nAUTHORIZATION: Bearer x", []int{400}},
		"with an underscore":        {"Authorization_: Bearer " + token, []int{401}},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.Raw(t, "GET /auth/me HTTP/1.1\r\nHost: localhost\r\n"+tc.header+"\r\nConnection: close\r\n\r\n").Status
			if !slices.Contains(tc.want, got) {
				t.Errorf("got %d, want one of %v", got, tc.want)
			}
		})
	}
}

func TestAnAccessTokenTravelsInItsHeaderOnly(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	token := s.Register(t, "ada@example.com", goodPassword).AccessToken
	const form = "application/x-www-form-urlencoded"
	cases := []kase{
		{Name: "in its header", Request: request{Path: "/auth/me", Bearer: token}, Status: 200},
		{Name: "in the query", Request: request{Path: "/auth/me?access_token=" + token}, Status: 401},
		{Name: "in a form", Request: request{Method: "POST", Path: "/auth/logout", Type: form, Body: "access_token=" + token}, Status: 401},
		{Name: "in JSON", Request: request{Path: "/auth/logout", Body: body("access_token", token)}, Status: 401},
		{Name: "good in its header, nonsense in the query", Request: request{Path: "/auth/me?access_token=nonsense", Bearer: token}, Status: 200},
		{Name: "nonsense in its header, good in the query", Request: request{Path: "/auth/me?access_token=" + token, Bearer: "nonsense"}, Status: 401},
	}
	for _, name := range []string{"X-Session-ID", "X-Access-Token", "X-Auth-Token", "Token", "X-Forwarded-Authorization", "Proxy-Authorization"} {
		for _, value := range []string{token, "Bearer " + token} {
			cases = append(cases, kase{Name: "in " + name, Request: request{Path: "/auth/me", Header: map[string]string{name: value}}, Status: 401})
		}
	}
	for _, name := range []string{"session", "__Host-session", "session_id", "access_token", "Authorization", "vault", "SF_Token"} {
		cases = append(cases, kase{Name: "in the cookie " + name, Request: request{Path: "/auth/me", Header: map[string]string{"Cookie": name + "=" + token}}, Status: 401})
	}
	s.Run(t, cases)
}

// TestAnOversizedTokenIsRefusedUnread sends more than a token can be; what does not even fit
// in a header is refused by its size.
func TestAnOversizedTokenIsRefusedUnread(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	a := s.Register(t, "ada@example.com", goodPassword)
	owner := insider(s)
	deep := strings.Repeat("[", 700) + strings.Repeat("]", 700)
	claims := dialecttest.JSON(decoded(t, split(t, a.AccessToken).payload))
	w := newWall(t, s)
	w.admits(t, "claims 700 levels deep", owner.rs256(t, owner.header(""), b64([]byte(strings.TrimSuffix(claims, "}")+`,"deep":`+deep+`}`))))
	for name, token := range map[string]string{
		"a good token of 4097 bytes": owner.rs256(t, owner.header(strings.Repeat(" ", 4097*3/4-len(a.AccessToken)*3/4)), split(t, a.AccessToken).payload),
		"5000 dots":                  strings.Repeat(".", 5000),
		"60 kB in one part":          strings.Repeat("A", 60<<10) + "." + split(t, a.AccessToken).payload + ".AAAA",
	} {
		w.refuses(t, name, token)
	}
	for name, token := range map[string]string{"2 MB of dots": strings.Repeat(".", 2<<20), "a header of 2 MB": strings.Repeat("A", 2<<20) + ".AA.AA"} {
		t.Run(name, func(t *testing.T) {
			if r := s.Do(t, request{Path: "/auth/me", Bearer: token}); r.Status != 401 && r.Status != http.StatusRequestHeaderFieldsTooLarge {
				t.Errorf("got %d", r.Status)
			}
		})
	}
}
