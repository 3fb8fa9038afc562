package flowless_test

import (
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

const (
	ada       = "ada@example.com"
	phrase    = "a long enough phrase"
	newPhrase = "another long phrase"
	appPage   = "https://app.example.org/in?lang=de"
)

// mailing starts a service that may lead links to an app's pages.
func mailing(t *testing.T, open dialecttest.Opener, env ...string) *dialecttest.Server {
	t.Helper()
	s := dialecttest.Start(t, open, dialecttest.Options{Env: append([]string{"GATEHOUSE_CORS_ORIGINS=https://app.example.org"}, env...)})
	dialecttest.QuickPasswords(s)
	return s
}

// joined makes an account whose address is proved, and signs it in.
func joined(t *testing.T, s *dialecttest.Server, email string) dialecttest.Flowless {
	t.Helper()
	yes := true
	if _, err := s.App.Accounts.Create(t.Context(), dialecttest.Operator, account.Draft{Email: email, Password: phrase}, account.Setting{Verified: &yes}); err != nil {
		t.Fatal(err)
	}
	return s.FlowlessLogin(t, email, phrase)
}

func asking(path string, o object) dialecttest.Request {
	return dialecttest.Request{Path: "/flowless/auth/" + path, Body: body(o)}
}

func viaBridge(path string, o object) dialecttest.Request {
	q := asking(path, o)
	q.Bridge = dialecttest.BridgeSecret
	return q
}

// answered fails unless a request is answered by a status, as the dialect has answers.
func answered(t *testing.T, s *dialecttest.Server, status int, q dialecttest.Request) dialecttest.Response {
	t.Helper()
	r := s.Do(t, q)
	if r.Status != status {
		t.Errorf("%s %s: %d %s, want %d", q.Path, q.Body, r.Status, r.Body, status)
	}
	if r.Status >= 400 {
		r.FlowlessError(t)
	} else if !strings.Contains(r.Body, `"success":true`) {
		t.Errorf("%s %s: no success in %s", q.Path, q.Body, r.Body)
	}
	return r
}

// linkFor asks for a sign-in link and returns its token.
func linkFor(t *testing.T, s *dialecttest.Server, email string) string {
	t.Helper()
	answered(t, s, 200, viaBridge("token/login", object{"identifier": email, "type": "email"}))
	return s.MailedToken(t, mail.SignInLink, email)
}

// worthless fails unless a sign-in token is no good to any route.
func worthless(t *testing.T, s *dialecttest.Server, token string) {
	t.Helper()
	for _, q := range []dialecttest.Request{
		asking("token/login", object{"token": token}), asking("token/validate", object{"token": token}),
		{Path: "/flowless/auth/token/validate?token=" + url.QueryEscape(token)},
	} {
		if r := answered(t, s, 400, q); !strings.Contains(r.Body, `"Invalid or expired token"`) || !strings.Contains(r.Body, `"valid":false`) {
			t.Errorf("%s: %s", q.Path, r.Body)
		}
	}
}

// unlogged fails if a secret stands in the log.
func unlogged(t *testing.T, s *dialecttest.Server, secrets ...string) {
	t.Helper()
	for _, secret := range secrets {
		if strings.Contains(s.Log.String(), secret) {
			t.Errorf("the log holds %.10s...", secret)
		}
	}
}

func TestAMailedLinkSignsInOnce(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := mailing(t, open)
		before := joined(t, s, ada)
		token := linkFor(t, s, ada)
		for range 3 { // looking is no use
			for _, q := range []dialecttest.Request{
				{Path: "/flowless/auth/token/validate?token=" + token}, asking("token/validate", object{"token": token}),
			} {
				if r := answered(t, s, 200, q); !strings.Contains(r.Body, `"valid":true`) || !strings.Contains(r.Body, ada) {
					t.Errorf("a look is answered %s", r.Body)
				}
			}
		}
		r := answered(t, s, 200, asking("token/login", object{"token": token}))
		var in struct {
			SessionID  string `json:"sessionId"`
			SessionToo string `json:"session_id"`
			User       struct {
				ID       string `json:"id"`
				Verified bool   `json:"is_verified"`
			} `json:"user"`
			Data struct {
				Success bool `json:"success"`
				Session struct {
					ID string `json:"session_id"`
				} `json:"session"`
			} `json:"data"`
		}
		if r.JSON(t, &in); in.User.ID != before.UserID || !in.User.Verified || !in.Data.Success || in.SessionToo != in.SessionID || in.Data.Session.ID != in.SessionID {
			t.Errorf("signed in as %s", r.Body)
		}
		if s.FlowlessMe(t, in.SessionID) != 200 || s.FlowlessMe(t, before.ID) != 200 || in.SessionID == before.ID {
			t.Error("one of the two sessions does not live")
		}
		worthless(t, s, token)
		unlogged(t, s, token, in.SessionID)
	})
}

func TestOnlyABridgeAsksForLinks(t *testing.T) {
	s := mailing(t, dialecttest.SQLite(t))
	a := joined(t, s, ada)
	for _, path := range []string{"token/login", "token/create"} {
		ask := object{"identifier": ada, "type": "email"}
		for _, q := range []dialecttest.Request{
			asking(path, ask), {Path: "/flowless/auth/" + path, Body: body(ask), ID: a.ID}, {Path: "/flowless/auth/" + path, Body: body(ask), Bridge: "wrong"},
			{Path: "/flowless/auth/" + path, Body: body(ask), Key: s.Secret}, {Path: "/flowless/auth/" + path + "?bridge_secret=" + dialecttest.BridgeSecret, Body: body(ask)},
		} {
			answered(t, s, 401, q)
		}
	}
	if got := len(s.Mails(t, mail.SignInLink, ada)); got != 0 {
		t.Fatalf("%d mails", got)
	}
	known := map[string]string{}
	for _, path := range []string{"token/login", "token/create"} {
		for _, identifier := range []string{"identifier", "email"} {
			for _, email := range []string{ada, "nobody@example.com"} {
				r := answered(t, s, 200, viaBridge(path, object{identifier: email}))
				if first, asked := known[path]; asked && first != r.Body {
					t.Errorf("%s: %s, and before %s", path, r.Body, first)
				}
				known[path] = r.Body
			}
		}
		token := s.MailedToken(t, mail.SignInLink, ada)
		answered(t, s, 400, viaBridge(path, object{"identifier": ada, "type": "sms"}))
		answered(t, s, 400, viaBridge(path, object{"identifier": ada, "token": token}))
		for _, member := range []string{"identifier", "email"} {
			r := answered(t, s, 400, viaBridge(path, object{member: "no address"}))
			if !strings.Contains(r.Body, `"field":"`+member+`"`) {
				t.Errorf("%s: %s", member, r.Body)
			}
		}
		answered(t, s, 400, viaBridge(path, object{"type": "email"}))
		answered(t, s, 200, asking("token/validate", object{"token": token}))
	}
	if got := len(s.Mails(t, mail.SignInLink, ada)); got != 4 {
		t.Errorf("%d mails, want 4", got)
	}
	s.Settle(t)
	for _, l := range s.Letters.All() {
		if l.To != ada {
			t.Errorf("a mail of kind %s to %s", l.Kind, l.To)
		}
	}
}

func TestASessionOfALinkIsBoundToItsDevice(t *testing.T) {
	s := mailing(t, dialecttest.SQLite(t))
	joined(t, s, ada)
	for _, spelling := range []string{"device_id", "deviceId"} {
		var in struct {
			ID string `json:"sessionId"`
		}
		answered(t, s, 200, asking("token/login", object{"token": linkFor(t, s, ada), spelling: "phone-1"})).JSON(t, &in)
		for device, want := range map[string]int{"phone-1": 200, "phone-2": 401} {
			q := dialecttest.Request{Path: "/flowless/auth/me", ID: in.ID, Header: map[string]string{"X-Device-Id": device}}
			if r := s.Do(t, q); r.Status != want {
				t.Errorf("%s %s: %d %s", spelling, device, r.Status, r.Body)
			}
		}
	}
}

func TestOfManyUsesOfALinkOneIsAnswered(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := mailing(t, open)
		nodes := []*dialecttest.Server{s, s.Node(t)}
		joined(t, s, ada)
		for _, use := range []dialecttest.Request{
			asking("token/login", object{"token": linkFor(t, s, ada)}),
			asking("password-reset/complete", object{"token": resetFor(t, s, ada, "request"), "password": newPhrase}), // the end of sign-in links
		} {
			var good, other atomic.Int64
			dialecttest.Together(20, func(i int) {
				switch r, err := nodes[i%2].Try(use); {
				case err == nil && r.Status == 200:
					good.Add(1)
				case err != nil || r.Status != 400 && r.Status != 409 && r.Status != 503:
					other.Add(1)
				}
			})
			if good.Load() != 1 || other.Load() != 0 {
				t.Errorf("%s: %d good answers, %d that are neither", use.Path, good.Load(), other.Load())
			}
			answered(t, s, 400, use)
		}
	})
}

func TestLinksLeadWhereTheyMayInThisDialect(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := mailing(t, open)
		joined(t, s, ada)
		for _, c := range []struct {
			kind    mail.Kind
			members []string
			ask     func(object) dialecttest.Request
			given   object
		}{
			{mail.ResetPassword, []string{"resetUrl", "reset_url"}, func(o object) dialecttest.Request { return asking("password-reset/request", o) }, object{"email": ada}},
			{mail.ResetPassword, []string{"resetUrl", "reset_url"}, func(o object) dialecttest.Request { return asking("forgot-password", o) }, object{"email": ada}},
			{mail.SignInLink, []string{"redirectUrl", "redirect_url"}, func(o object) dialecttest.Request { return viaBridge("token/login", o) }, object{"identifier": ada, "type": "email"}},
			{mail.SignInLink, []string{"redirectUrl", "redirect_url"}, func(o object) dialecttest.Request { return viaBridge("token/create", o) }, object{"identifier": ada}},
		} {
			for _, member := range c.members {
				ask := func(page string) dialecttest.Request {
					o := object{member: page}
					for name, value := range c.given {
						o[name] = value
					}
					return c.ask(o)
				}
				answered(t, s, 200, ask(appPage))
				token := s.MailedToken(t, c.kind, ada)
				all := s.Mails(t, c.kind, ada)
				if text := all[len(all)-1].Text; !strings.Contains(text, "\n"+appPage+"&token="+token+"\n") {
					t.Errorf("%s: %s", member, text)
				}
				for _, page := range []string{
					"https://evil.example/", "//evil.example", "/in", "https://app.example.org@evil.example/", "https://app.example.org.evil.example/",
					"https://app.example.org:8443/", "http://app.example.org/", "https:\\\\app.example.org", "javascript:alert(1)", "https://app.example.org/#x",
					"https://app.example.org/?token=x",
				} {
					r := answered(t, s, 400, ask(page))
					if !strings.Contains(r.Body, `"field":"`+member+`"`) || !strings.Contains(r.Body, `"error":"`+member+" is an https URL") {
						t.Errorf("%s %q: %s", member, page, r.Body)
					}
				}
				if got := len(s.Mails(t, c.kind, ada)); got != len(all) {
					t.Errorf("%s: %d mails after refusals, want %d", member, got, len(all))
				}
				answered(t, s, 200, ask(""))
			}
		}
	})
}

func TestALinkOpensOnlyWhatItIsFor(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := mailing(t, open)
		bob := s.FlowlessRegister(t, "bob@example.com", phrase)
		verify := s.MailedToken(t, mail.VerifyEmail, bob.Email)
		reset := resetFor(t, s, bob.Email, "request")
		enter := linkFor(t, s, bob.Email)
		uses := map[string]func(token string) []dialecttest.Request{
			verify: func(token string) []dialecttest.Request {
				return []dialecttest.Request{asking("verify-email", object{"token": token})}
			},
			reset: func(token string) []dialecttest.Request {
				return []dialecttest.Request{
					asking("password-reset/validate", object{"token": token}), asking("password-reset/complete", object{"token": token, "password": newPhrase}),
				}
			},
			enter: func(token string) []dialecttest.Request {
				return []dialecttest.Request{asking("token/validate", object{"token": token}), asking("token/login", object{"token": token})}
			},
		}
		for own, use := range uses {
			for _, token := range []string{verify, reset, enter, own[:len(own)-1], own + "A", strings.ToUpper(own), own[:3], "x", strings.Repeat("x", 5000)} {
				if token == own {
					continue
				}
				for _, q := range use(token) {
					if r := answered(t, s, 400, q); !strings.Contains(r.Body, `"Invalid or expired token"`) {
						t.Errorf("%s: %s", q.Path, r.Body)
					}
				}
			}
		}
		answered(t, s, 200, asking("verify-email", object{"token": verify}))
		answered(t, s, 400, asking("verify-email", object{"token": verify}))
		answered(t, s, 200, uses[reset](reset)[1])
		worthless(t, s, enter) // with the password
		late := linkFor(t, s, bob.Email)
		s.Clock.Advance(15 * time.Minute)
		worthless(t, s, late)
	})
}
