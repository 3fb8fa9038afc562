package flowless_test

import (
	"fmt"
	"html"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

const fresh = "fresh@example.com"

// editing is a change of the own profile.
func editing(path, id string, o object) dialecttest.Request {
	return dialecttest.Request{Method: http.MethodPut, Path: "/flowless/auth/" + path, ID: id, Body: body(o)}
}

// me returns the signed-in user.
func me(t *testing.T, s *dialecttest.Server, id string) (u struct {
	Email    string `json:"email"`
	Verified bool   `json:"is_verified"`
},
) {
	t.Helper()
	var answer struct{ User any }
	answer.User = &u
	answered(t, s, 200, dialecttest.Request{Path: "/flowless/auth/me", ID: id}).JSON(t, &answer)
	return u
}

// Security case A-52: an address changes when its reader has said so, after somebody who is
// signed in has proved themselves once more.
func TestAnAddressIsNotChangedByAProfile(t *testing.T) {
	dialecttest.EachKind(t, func(t *testing.T, open func(testing.TB) dialecttest.Opener) {
		for _, path := range []string{"user/me", "update", "profile"} {
			t.Run(path, func(t *testing.T) {
				s := mailing(t, open(t))
				a := joined(t, s, ada)
				stays := func() {
					t.Helper()
					if u := me(t, s, a.ID); u.Email != ada || !u.Verified {
						t.Errorf("the account is %+v", u)
					}
					answered(t, s, 401, asking("login", object{"email": fresh, "password": phrase}))
				}
				s.Clock.Advance(11 * time.Minute)
				if r := answered(t, s, 403, editing(path, a.ID, object{"email": fresh})); r.Code() != "REAUTH_REQUIRED" {
					t.Errorf("with nothing but a session: %s", r.Body)
				}
				for _, o := range []object{{"email": fresh, "is_verified": true}, {"email": fresh, "currentPassword": ""}} {
					answered(t, s, 403, editing(path, a.ID, o))
				}
				answered(t, s, 401, editing(path, a.ID, object{"email": fresh, "currentPassword": "not the one"}))
				answered(t, s, 400, editing(path, a.ID, object{"email": "no address", "currentPassword": phrase}))
				s.Settle(t)
				if got := len(s.Letters.All()); got != 0 {
					t.Errorf("%d mails after refusals", got)
				}
				stays()

				r := answered(t, s, 200, editing(path, a.ID, object{"email": fresh, "current_password": phrase, "isVerified": true, "userType": "admin"}))
				if !strings.Contains(r.Body, `"pending_email":"`+fresh+`"`) || !strings.Contains(r.Body, `"email":"`+ada+`"`) {
					t.Errorf("asked: %s", r.Body)
				}
				stays()
				answered(t, s, 200, asking("password-reset/request", object{"email": fresh}))
				if got := len(s.Mails(t, mail.ResetPassword, fresh)); got != 0 {
					t.Error("an address that is not theirs yet gets a reset")
				}
				confirm, undo := s.MailedToken(t, mail.ConfirmAddress, fresh), s.MailedToken(t, mail.AddressChange, ada)
				answered(t, s, 200, asking("verify-email", object{"token": confirm}))
				if u := me(t, s, a.ID); u.Email != fresh || !u.Verified {
					t.Errorf("confirmed: %+v", u)
				}
				s.FlowlessLogin(t, fresh, phrase)
				answered(t, s, 401, asking("login", object{"email": ada, "password": phrase}))

				if r := s.Do(t, dialecttest.Request{Path: "/auth/cancelEmailChange", Body: body(object{"token": undo})}); r.Status != 204 {
					t.Errorf("undone: %d %s", r.Status, r.Body)
				}
				if s.FlowlessMe(t, a.ID) != 401 {
					t.Error("a session outlives it")
				}
				for _, email := range []string{ada, fresh} {
					answered(t, s, 401, asking("login", object{"email": email, "password": phrase}))
				}
				answered(t, s, 200, asking("password-reset/complete", object{"token": s.MailedToken(t, mail.ResetPassword, ada), "password": newPhrase}))
				s.FlowlessLogin(t, ada, newPhrase)
			})
		}
	})
}

// A pending change dies with the password of whoever asked for it.
func TestAPendingAddressDiesWithAReset(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := mailing(t, open)
		a := joined(t, s, ada)
		answered(t, s, 200, editing("user/me", a.ID, object{"email": fresh})) // signed in a moment ago
		confirm, token := s.MailedToken(t, mail.ConfirmAddress, fresh), resetFor(t, s, ada, "request")
		answered(t, s, 200, asking("password-reset/complete", object{"token": token, "password": newPhrase}))
		answered(t, s, 400, asking("verify-email", object{"token": confirm}))
		if u := me(t, s, s.FlowlessLogin(t, ada, newPhrase).ID); u.Email != ada || !u.Verified {
			t.Errorf("the account is %+v", u)
		}
	})
}

// Security case A-67: what people write about themselves is text in a mail, or is not in it.
func TestAProfileIsTextInAMail(t *testing.T) {
	s := mailing(t, dialecttest.SQLite(t))
	payloads := []string{
		"{{.Link}}", `<img src=x onerror=alert(1)>`, `"><script>alert(1)</script>`, `<a href="https://evil.example">click</a>`, "https://evil.example/win",
		"evil.example", "www.evil.example", "mailto:eve@evil.example", "eve@evil.example", "=?utf-8?q?pwned?=", `\r\nBcc: eve`, "Ada%0d%0aBcc: eve",
	}
	for i, p := range payloads {
		email := fmt.Sprintf("u%d@example.com", i)
		r := answered(t, s, 200, asking("register", object{"email": email, "password": phrase, "name": p, "last_name": p}))
		var in struct {
			Data struct {
				Session struct {
					ID string `json:"session_id"`
				}
			}
		}
		r.JSON(t, &in)
		answered(t, s, 200, editing("profile", in.Data.Session.ID, object{"display_name": p, "bio": p, "reference_id": p}))
		resetFor(t, s, email, "forgot")
		linkFor(t, s, email)
		seen := map[mail.Kind]bool{}
		for _, l := range s.Letters.All() {
			if l.To != email {
				continue
			}
			seen[l.Kind] = true
			for _, raw := range []string{"<img", "<script", "evil.example", "mailto:"} {
				if strings.Contains(l.HTML+l.Subject, raw) || raw != "<img" && raw != "<script" && strings.Contains(l.Text, raw) {
					t.Errorf("%q puts %q into a mail of kind %s", p, raw, l.Kind)
				}
			}
			if strings.Contains(l.Text, p) != strings.Contains(html.UnescapeString(l.HTML), p) || strings.Contains(l.Subject, p) || strings.ContainsAny(l.Subject, "\r\n") {
				t.Errorf("%q: %s\n%s", p, l.Subject, l.Text)
			}
			if got := strings.Count(l.Text, "://"); got != 1 {
				t.Errorf("%q: %d links in a mail of kind %s", p, got, l.Kind)
			}
		}
		if !seen[mail.VerifyEmail] || !seen[mail.ResetPassword] || !seen[mail.SignInLink] {
			t.Errorf("%q: mails of kinds %v", p, seen)
		}
	}
	before := len(s.Letters.All())
	for _, p := range []string{"x\r\nBcc: eve@evil.example", "x\nSubject: y", "x\x00y", "\u202egpj.exe", "x\u2028y"} {
		for _, member := range []string{"name", "lastName", "last_name", "displayName"} {
			r := answered(t, s, 400, asking("register", object{"email": "refused@example.com", "password": phrase, member: p}))
			if !strings.Contains(r.Body, `"field":"`+member+`"`) {
				t.Errorf("%s %q: %s", member, p, r.Body)
			}
		}
		for _, path := range []string{"password-reset/request", "forgot-password"} {
			answered(t, s, 400, asking(path, object{"email": ada + p}))
		}
		answered(t, s, 400, viaBridge("token/login", object{"identifier": ada + p}))
		answered(t, s, 400, viaBridge("resend-verification", object{"email": ada + p}))
	}
	if s.Settle(t); len(s.Letters.All()) != before {
		t.Errorf("%d mails after refusals", len(s.Letters.All())-before)
	}
}

const victim = "victim@example.com"

// bombs returns 50 requests of strangers, mixed, after each of which a mail could go to the victim.
func bombs(round int, attacker string) []dialecttest.Request {
	out := make([]dialecttest.Request, 50)
	for i := range out {
		q := []dialecttest.Request{
			asking("password-reset/request", object{"email": "Victim@EXAMPLE.com"}), viaBridge("token/login", object{"identifier": victim, "type": "email"}),
			asking("forgot-password", object{"email": victim, "reset_url": appPage}), viaBridge("resend-verification", object{"email": victim}),
			asking("register", object{"email": victim, "password": phrase}), viaBridge("token/create", object{"identifier": victim}),
			editing("user/me", attacker, object{"email": victim, "currentPassword": phrase}),
		}[i%7]
		q.Header = map[string]string{"X-Forwarded-For": fmt.Sprintf("198.51.%d.%d", 100+round, i)}
		out[i] = q
	}
	return out
}

// Security case A-68: nobody is flooded through this dialect, and what is answered is the same.
func TestNobodyIsFloodedThroughThisDialect(t *testing.T) {
	dialecttest.EachKind(t, func(t *testing.T, open func(testing.TB) dialecttest.Opener) {
		for _, verified := range []bool{true, false} {
			t.Run(fmt.Sprintf("verified %t", verified), func(t *testing.T) {
				s := mailing(t, open(t), "GATEHOUSE_LIMIT_MAIL=3/15m", "GATEHOUSE_LIMIT_MAIL_DAY=10/24h", "GATEHOUSE_TRUSTED_PROXIES=127.0.0.1/32", "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true")
				eve := joined(t, s, "eve@example.com")
				if verified {
					joined(t, s, victim)
				} else {
					answered(t, s, 200, asking("register", object{"email": victim, "password": phrase}))
					s.Settle(t)
					s.Clock.Advance(15 * time.Minute)
				}
				before, answers := len(got(t, s, victim)), map[string]string{}
				for round := range 5 {
					for _, q := range bombs(round, eve.ID) {
						r := s.Do(t, q)
						if q.ID == "" {
							unmoved(t, answers, q, r)
						}
						s.Settle(t)
					}
					all := got(t, s, victim)
					if sent := len(all) - before; sent > 3*(round+1) || len(all) > 10 || round == 0 && sent != 3 {
						t.Fatalf("%d mails after round %d", sent, round+1)
					}
					newestOnly(t, s, identity.ResetPassword, mail.ResetPassword, 30*time.Minute)
					newestOnly(t, s, identity.SignIn, mail.SignInLink, 15*time.Minute)
					s.Clock.Advance(15 * time.Minute)
				}
				s.Clock.Advance(24 * time.Hour)
				answered(t, s, 200, asking("token/login", object{"token": linkFor(t, s, victim)})) // tomorrow everything is as it was
			})
		}
	})
}

// got returns what an address was sent.
func got(t *testing.T, s *dialecttest.Server, to string) (out []mail.Letter) {
	t.Helper()
	s.Settle(t)
	for _, l := range s.Letters.All() {
		if strings.EqualFold(l.To, to) {
			out = append(out, l)
		}
	}
	return out
}

// unmoved fails when an answer differs from the first one of its route, but for what is new in
// every answer.
func unmoved(t *testing.T, answers map[string]string, q dialecttest.Request, r dialecttest.Response) {
	t.Helper()
	text := fmt.Sprint(r.Status)
	if !strings.HasSuffix(q.Path, "/register") {
		text += r.Body
	}
	if first, known := answers[q.Path]; r.Status != 200 || known && first != text {
		t.Errorf("%s: %d %s, and before %s", q.Path, r.Status, r.Body, first)
	}
	answers[q.Path] = text
}

// newestOnly fails unless the newest link of a kind is good and no other is.
func newestOnly(t *testing.T, s *dialecttest.Server, p identity.Purpose, kind mail.Kind, life time.Duration) {
	t.Helper()
	all := s.Mails(t, kind, victim)
	for i, l := range all {
		if !s.Clock.Now().Before(l.Date.Add(life)) {
			continue
		}
		_, after, _ := strings.Cut(l.Text, "token=")
		token, _, _ := strings.Cut(after, "\n")
		_, _, err := s.App.Accounts.Peek(t.Context(), identity.Actor{}, p, token)
		if good := err == nil; good != (i == len(all)-1) {
			t.Errorf("link %d of %d of kind %s: %v", i+1, len(all), kind, err)
		}
	}
}
