package account_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const (
	ada    = "ada@example.com"
	phrase = "a long enough phrase"
	hosted = "http://localhost:8080"
)

var asker = identity.Actor{Client: identity.Client{IP: "192.0.2.7", UserAgent: "Firefox"}}

func start(t *testing.T, open dialecttest.Opener, wrap func(store.Store) store.Store) *dialecttest.Server {
	t.Helper()
	s := dialecttest.Start(t, open, dialecttest.Options{Wrap: wrap, Env: append(providers("google", "github"),
		"GATEHOUSE_CORS_ORIGINS=https://app.example.org,https://app.example.org:8443,http://localhost:5173,http://intranet.example.org",
	)})
	dialecttest.QuickPasswords(s)
	return s
}

// asks are the requests for a mail whose link a caller may lead to a page.
var asks = []struct {
	field, path string
	kind        mail.Kind
	purpose     identity.Purpose
	ask         func(*dialecttest.Server, context.Context, string, string) error
}{
	{"resetUrl", "/account/reset", mail.ResetPassword, identity.ResetPassword, func(s *dialecttest.Server, ctx context.Context, email, page string) error {
		return s.App.Accounts.RequestReset(ctx, asker, email, page)
	}},
	{"redirectUrl", "/account/enter", mail.SignInLink, identity.SignIn, func(s *dialecttest.Server, ctx context.Context, email, page string) error {
		return s.App.Accounts.RequestSignIn(ctx, asker, email, page)
	}},
}

func TestALinkLeadsToThePageThatWasNamed(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, nil)
		s.Register(t, ada, phrase)
		for _, a := range asks {
			for page, link := range map[string]string{
				"":                                      hosted + a.path + "?token=",
				hosted + "/elsewhere":                   hosted + "/elsewhere?token=",
				"https://app.example.org/in?a=1&b=%26":  "https://app.example.org/in?a=1&b=%26&token=",
				"https://app.example.org:8443":          "https://app.example.org:8443?token=",
				"http://localhost:5173/reset-password/": "http://localhost:5173/reset-password/?token=",
			} {
				if err := a.ask(s, t.Context(), ada, page); err != nil {
					t.Errorf("%s %q: %v", a.field, page, err)
				}
				token := s.MailedToken(t, a.kind, ada)
				all := s.Mails(t, a.kind, ada)
				m := all[len(all)-1]
				if !strings.Contains(m.Text, "\n"+link+token+"\n") || strings.Count(m.Text, "://") != 1 {
					t.Errorf("%s %q: %s", a.field, page, m.Text)
				}
				if escaped := strings.ReplaceAll(link+token, "&", "&amp;"); strings.Count(m.HTML, `href="`+escaped+`"`) != 2 {
					t.Errorf("%s %q: %s", a.field, page, m.HTML)
				}
				if _, _, err := s.App.Accounts.Peek(t.Context(), asker, a.purpose, token); err != nil {
					t.Errorf("%s %q: %v", a.field, page, err)
				}
			}
		}
	})
}

func watch(t *testing.T, open dialecttest.Opener) (s *dialecttest.Server, w *dialecttest.Watched) {
	t.Helper()
	s = start(t, open, func(db store.Store) store.Store {
		w = &dialecttest.Watched{Store: db}
		return w
	})
	return s, w
}

// TestAskingForALinkLooksNothingUp: what is done for an address does not tell whether it has an
// account (security case A-35).
func TestAskingForALinkLooksNothingUp(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s, w := watch(t, open)
		s.Register(t, ada, phrase)
		s.Register(t, "shut@example.com", phrase)
		yes := true
		if _, err := s.App.Accounts.Set(t.Context(), dialecttest.Operator, "shut@example.com", account.Setting{Disabled: &yes}); err != nil {
			t.Fatal(err)
		}
		s.Settle(t)
		for _, a := range asks {
			for _, page := range []string{"", "https://app.example.org/in"} {
				for _, email := range []string{ada, "shut@example.com", "nobody@example.com"} {
					w.Since()
					if err := a.ask(s, t.Context(), email, page); err != nil {
						t.Error(err)
					}
					if diff := cmp.Diff([]string{"Hit 1", "Record account_request"}, w.Since()); diff != "" {
						t.Errorf("%s for %s (-want +got):\n%s", a.field, email, diff)
					}
				}
			}
		}
		s.Settle(t)
		for _, l := range s.Letters.All() {
			if l.To != ada && l.Kind != mail.VerifyEmail {
				t.Errorf("%s got a mail of kind %s", l.To, l.Kind)
			}
		}
	})
}

// The URLs that a caller could send links to, to the letter, are tested in pkg/redirect.
func TestALinkLeadsNowhereElse(t *testing.T) {
	s, w := watch(t, dialecttest.SQLite(t))
	s.Register(t, ada, phrase)
	s.Settle(t)
	w.Since()
	for _, a := range asks {
		for _, page := range []string{
			"https://evil.example/", "//evil.example", "/account/reset", "https://app.example.org@evil.example/", "https://user@app.example.org/",
			"https://app.example.org.evil.example/", "https://app.example.org:444/", "http://app.example.org/", "http://intranet.example.org/",
			"https:\\\\app.example.org", "https://evil.example\\@app.example.org/", "javascript:alert(1)", "https://app.example.org/#/reset",
			"https://app.example.org/?token=mine", "https://app.example.org/\r\nBcc: eve@evil.example", "x",
		} {
			for _, email := range []string{ada, "nobody@example.com"} {
				f := fault.From(a.ask(s, t.Context(), email, page))
				if f == nil || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Field != a.field || f.Fields[0].Code != "invalid_url" {
					t.Errorf("%s %q: %v", a.field, page, f)
				}
			}
		}
	}
	if calls := w.Since(); len(calls) > 0 {
		t.Errorf("before it was refused: %v", calls)
	}
	s.Settle(t)
	if got := len(s.Letters.All()); got != 1 {
		t.Errorf("%d mails, want the one of the registration", got)
	}
}

// TestARequestOfThePreviousVersionIsCarriedOut: one that was written down before the update.
func TestARequestOfThePreviousVersionIsCarriedOut(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), nil)
	s.Register(t, ada, phrase)
	data := json.RawMessage(`{"what":"reset","email_key":"ada@example.com","language":"de","client":{"ip":"192.0.2.1"},"at":"2026-01-02T03:04:05Z"}`)
	c := identity.Consequence{ID: opaque.Random(opaque.IDLength), Kind: account.RequestKind, DueAt: s.Clock.Now(), Data: data}
	if err := s.App.Store.Record(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	all := s.Mails(t, mail.ResetPassword, ada)
	if len(all) != 1 || !strings.Contains(all[0].Text, hosted+"/account/reset?token=rp_") || !strings.Contains(all[0].Text, "192.0.2.1") {
		t.Fatalf("%v", all)
	}
}
