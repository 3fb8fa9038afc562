package native_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// worthless fails unless a link is answered as every link that is not good: 400, always with
// the same words.
func worthless(t *testing.T, s *dialecttest.Server, name string, q request) {
	t.Helper()
	var members map[string]string
	if err := json.Unmarshal([]byte(q.Body), &members); err != nil {
		t.Fatal(err)
	}
	members["token"] = "never was"
	never, got := s.Do(t, request{Path: q.Path, Body: dialecttest.JSON(members)}), s.Do(t, q)
	if got.Status != 400 || got.Code() != "invalid_link" {
		t.Errorf("%s: %d %s", name, got.Status, got.Body)
	}
	if a, b := anonymous(never).Body, anonymous(got).Body; a != b {
		t.Errorf("%s is told apart from a token that never was:\n%s\n%s", name, a, b)
	}
}

// spell returns what a thief could make of one token or two.
func spell(t *testing.T, mine, theirs string) map[string]string {
	t.Helper()
	a, b := strings.Split(mine, "_"), strings.Split(theirs, "_")
	if len(a) != 3 || len(b) != 3 || a[0] != b[0] {
		t.Fatalf("tokens of %d and %d parts", len(a), len(b))
	}
	return map[string]string{
		"another user's id with this secret": a[0] + "_" + b[1] + "_" + a[2],
		"truncated":                          mine[:len(mine)-1],
		"lengthened":                         mine + "A",
		"without its prefix":                 a[1] + "_" + a[2],
		"with another prefix":                "xx_" + a[1] + "_" + a[2],
		"in capitals":                        strings.ToUpper(mine),
		"with a space before":                " " + mine,
		"with a line break after":            mine + "\n",
		"with a NUL after":                   mine + "\x00",
		"with another last character":        mine[:len(mine)-1] + string('A'+(mine[len(mine)-1]-'A'+1)%26),
		"of an account that is not":          a[0] + "_" + strings.Repeat("0", len(a[1])) + "_" + a[2],
		"empty":                              "",
		"the prefix alone":                   a[0] + "_",
		"twice":                              mine + mine,
		"long":                               strings.Repeat(mine, 500),
	}
}

func TestAResetLinkThatIsNotTheOneIsWorthless(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		work := dialecttest.QuickPasswords(s)
		a := s.Register(t, "ada@example.com", goodPassword)
		s.Register(t, "bob@example.com", goodPassword)
		mine, theirs := resetToken(t, s, "ada@example.com"), resetToken(t, s, "bob@example.com")
		work.Work()
		for name, token := range spell(t, mine, theirs) {
			worthless(t, s, name, reset(token, otherPassword))
		}
		worthless(t, s, "on the route that verifies", verifyBy(mine))
		worthless(t, s, "on the route that undoes", cancelMove(mine))
		worthless(t, s, "a verification link on this route", reset(s.MailedToken(t, mail.VerifyEmail, "ada@example.com"), otherPassword))
		for name, credential := range map[string]string{"an access token": a.AccessToken, "a refresh token": a.RefreshToken, "an API key": s.Secret} {
			worthless(t, s, name, reset(credential, otherPassword))
		}
		if got := work.Work(); got != 0 {
			t.Errorf("%d passwords were hashed for links that are not good", got)
		}
		for _, email := range []string{"ada@example.com", "bob@example.com"} {
			s.Login(t, email, goodPassword)
		}
		must(t, s, reset(mine, otherPassword), 204) // none of that used it up
		must(t, s, verifyBy(s.MailedToken(t, mail.VerifyEmail, "bob@example.com")), 204)
		worthless(t, s, "used", reset(mine, thirdPassword))
		s.Login(t, "ada@example.com", otherPassword)
	})
}

func TestOnlyTheNewestResetLinkWorks(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		s.Register(t, "ada@example.com", goodPassword)
		first := resetToken(t, s, "ada@example.com")
		second := resetToken(t, s, "ada@example.com")
		if first == second {
			t.Fatal("one link was mailed twice")
		}
		worthless(t, s, "the older", reset(first, otherPassword))
		must(t, s, reset(second, otherPassword), 204)
		worthless(t, s, "the older, after the newer", reset(first, thirdPassword))
	})
}

// A mail scanner or a browser that looks ahead follows links: that must use nothing up.
func TestLookingAtAMailedLinkUsesNothingUp(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	dialecttest.QuickPasswords(s)
	s.Register(t, "ada@example.com", goodPassword)
	for _, c := range []struct {
		path, token string
		use         func(token string) request
	}{
		{"/auth/resetPassword", resetToken(t, s, "ada@example.com"), func(token string) request { return reset(token, otherPassword) }},
		{"/auth/verifyEmail", s.MailedToken(t, mail.VerifyEmail, "ada@example.com"), verifyBy},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
			for _, page := range []string{c.path, "/account/reset", "/account/verify"} {
				if r := s.Do(t, request{Method: method, Path: page + "?token=" + c.token}); r.Status == 204 && method != http.MethodOptions {
					t.Errorf("%s %s: %d", method, page, r.Status)
				}
			}
		}
		must(t, s, c.use(c.token), 204)
	}
}

func TestOneResetLinkIsUsedOnce(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		nodes := []*dialecttest.Server{s, s.Node(t)}
		dialecttest.QuickPasswords(nodes...)
		s.Register(t, "ada@example.com", goodPassword)
		token := resetToken(t, s, "ada@example.com")
		var mu sync.Mutex
		bodies, good, winner := map[string]int{}, 0, ""
		dialecttest.Together(20, func(i int) {
			password := fmt.Sprintf("another long phrase %d", i)
			r, err := nodes[i%2].Try(reset(token, password))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Error(err)
			case r.Status == 204:
				good++
				winner = password
			case r.Status != 400 || r.Code() != "invalid_link":
				t.Errorf("%d %s", r.Status, r.Body)
			default:
				bodies[anonymous(r).Body]++
			}
		})
		if good != 1 || len(bodies) != 1 {
			t.Fatalf("%d of 20 succeeded; the others got %v", good, bodies)
		}
		for i := range 20 {
			password, want := fmt.Sprintf("another long phrase %d", i), 401
			if password == winner {
				want = 200
			}
			if got := signsIn(t, s, "ada@example.com", password); got != want {
				t.Errorf("password %d is answered %d, want %d", i, got, want)
			}
		}
		counts(t, s, mail.PasswordChanged, "ada@example.com", 1)
	})
}

// TestAResetLinkDiesWithWhatItWasFor takes away what the link was asked for in between.
func TestAResetLinkDiesWithWhatItWasFor(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		n := 0
		for name, change := range map[string]func(a dialecttest.Authorization){
			"the user changed the password": func(a dialecttest.Authorization) {
				must(t, s, request{Path: "/auth/changePassword", Bearer: a.AccessToken, Body: body("currentPassword", goodPassword, "newPassword", otherPassword)}, 200)
			},
			"a server set the password": func(a dialecttest.Authorization) {
				must(t, s, request{Path: "/auth/changePassword", Key: s.Secret, Body: body("localId", a.LocalID, "newPassword", otherPassword)}, 204)
			},
			"the address changed": func(a dialecttest.Authorization) {
				must(t, s, changeEmail(a, "new."+a.Email, goodPassword), 202)
				must(t, s, verifyBy(s.MailedToken(t, mail.ConfirmAddress, "new."+a.Email)), 204)
			},
			"the account was deleted": func(a dialecttest.Authorization) {
				must(t, s, request{Method: http.MethodDelete, Path: "/auth/me", Bearer: a.AccessToken, Body: body("currentPassword", goodPassword)}, 204)
			},
			"half an hour passed": func(dialecttest.Authorization) { s.Clock.Advance(30 * time.Minute) },
		} {
			t.Run(name, func(t *testing.T) {
				n++
				a := s.Register(t, fmt.Sprintf("u%d@example.com", n), goodPassword)
				control := s.Register(t, fmt.Sprintf("control%d@example.com", n), goodPassword)
				token, other := resetToken(t, s, a.Email), resetToken(t, s, control.Email)
				change(a)
				worthless(t, s, name, reset(token, thirdPassword))
				if signsIn(t, s, a.Email, thirdPassword) == 200 {
					t.Error("its password signs in")
				}
				if name == "half an hour passed" {
					return
				}
				must(t, s, reset(other, thirdPassword), 204)
			})
		}
	})
}

// TestAnyTextMayComeAsAToken sends what no mail ever carried: it is refused, and nothing breaks.
func TestAnyTextMayComeAsAToken(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	dialecttest.QuickPasswords(s)
	a := s.Register(t, "ada@example.com", goodPassword)
	for _, prefix := range []string{"rp", "ev", "em", "eu"} {
		for name, token := range map[string]string{
			"zeros":         prefix + "_" + strings.Repeat("0", 28) + "_" + strings.Repeat("0", 43),
			"a user's id":   prefix + "_" + a.LocalID + "_" + strings.Repeat("0", 43),
			"separators":    prefix + strings.Repeat("_", 73),
			"invalid UTF-8": prefix + "_" + strings.Repeat("\ufffd", 28) + "_",
			"quotes":        prefix + `_'"` + "`" + `{"$ne":null}`,
			"a path":        prefix + "_../../etc/passwd",
			"60 kB":         prefix + "_" + strings.Repeat("x", 60_000),
			"emoji":         prefix + "_" + strings.Repeat("🔑", 20),
		} {
			for _, q := range []request{reset(token, otherPassword), verifyBy(token), cancelMove(token)} {
				if r := s.Do(t, q); r.Status != 400 || r.Code() != "invalid_link" {
					t.Errorf("%s %s at %s: %d %s", prefix, name, q.Path, r.Status, r.Body)
				}
			}
		}
	}
	s.Run(t, []kase{
		{Name: "no token", Request: request{Path: "/auth/verifyEmail", Body: `{}`}, Status: 400, Code: "invalid_link"},
		{Name: "no text", Request: request{Path: "/auth/verifyEmail", Body: `{"token":1}`}, Status: 400, Has: []string{`"field":"token"`}},
		{Name: "in a query", Request: request{Method: "POST", Path: "/auth/verifyEmail?token=x"}, Status: 415},
	})
}

// FuzzOneTimeTokens sends any text as a token: nothing but 400 comes back.
func FuzzOneTimeTokens(f *testing.F) {
	s := dialecttest.Start(f, dialecttest.SQLite(f), dialecttest.Options{})
	dialecttest.QuickPasswords(s)
	a := s.Register(f, "ada@example.com", goodPassword)
	f.Add("rp_" + a.LocalID + "_" + strings.Repeat("x", 43))
	f.Add("ev_" + strings.Repeat("x", 28) + "_")
	f.Add("em_\x00\xff")
	f.Add("")
	f.Fuzz(func(t *testing.T, token string) {
		for _, q := range []request{reset(token, otherPassword), verifyBy(token), cancelMove(token)} {
			if r := s.Do(t, q); r.Status != 400 && r.Status != 413 {
				t.Errorf("%q at %s: %d %s", token, q.Path, r.Status, r.Body)
			}
		}
	})
}

func TestTokensCannotBeGuessed(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_LIMIT_CODE=10/15m", behindProxy)
		dialecttest.QuickPasswords(s)
		a := s.Register(t, "ada@example.com", goodPassword)
		token := resetToken(t, s, a.Email)
		guess := func(q request, from string) dialecttest.Response {
			q.Header = map[string]string{"X-Forwarded-For": from}
			return s.Do(t, q)
		}
		routes := []func(token string) request{verifyBy, cancelMove, func(token string) request { return reset(token, otherPassword) }}
		for i := range 12 {
			wrong := fmt.Sprintf("%s%043d", token[:len(token)-43], i)
			r := guess(routes[i%3](wrong), "203.0.113.7")
			if i < 10 && r.Status != 400 {
				t.Errorf("guess %d: %d %s", i+1, r.Status, r.Body)
			}
			if i >= 10 {
				refused(t, r, 15*time.Minute)
			}
		}
		refused(t, guess(reset(token, otherPassword), "203.0.113.7"), 15*time.Minute)
		if r := guess(reset(token, otherPassword), "203.0.113.8"); r.Status != 204 {
			t.Errorf("the owner, elsewhere: %d %s", r.Status, r.Body)
		}
		for range 20 { // a good link is not held against where it was used
			if r := guess(reset(resetToken(t, s, a.Email), otherPassword), "203.0.113.8"); r.Status != 204 {
				t.Fatalf("a good link: %d %s", r.Status, r.Body)
			}
		}
	})
}
