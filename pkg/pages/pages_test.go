package pages_test

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

const (
	phrase = "a long enough phrase"
	landed = "/account/confirmed" // a page of ours that stands in for the app
)

// start starts a service whose public URL is where it listens.
func start(t *testing.T, env ...string) *dialecttest.Server {
	t.Helper()
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{OwnURL: true, Env: append([]string{"GATEHOUSE_APP_URL=" + landed}, env...)})
	dialecttest.QuickPasswords(s)
	return s
}

// send posts a form as a browser on the page would.
func send(t *testing.T, s *dialecttest.Server, path string, fields url.Values) dialecttest.Response {
	t.Helper()
	return s.Do(t, dialecttest.Request{
		Path: path, Body: fields.Encode(), Method: "POST", Type: "application/x-www-form-urlencoded",
		Header: map[string]string{"Sec-Fetch-Site": "same-origin", "Origin": "null"},
	})
}

func get(t *testing.T, s *dialecttest.Server, path string) dialecttest.Response {
	t.Helper()
	return s.Do(t, dialecttest.Request{Path: path})
}

// sfToken returns the query of a third party's link.
func sfToken(a dialecttest.Authorization) string {
	return "SF_Token=" + url.QueryEscape(dialecttest.JSON(a))
}

// newcomer makes a verified account and signs it in.
func newcomer(t *testing.T, s *dialecttest.Server, email string) dialecttest.Authorization {
	t.Helper()
	yes := true
	if _, err := s.App.Accounts.Create(t.Context(), dialecttest.Operator, account.Draft{Email: email, Password: phrase}, account.Setting{Verified: &yes}); err != nil {
		t.Fatal(err)
	}
	return s.Login(t, email, phrase)
}

// offerMove makes a user ask for another address, and returns the tokens of both mails.
func offerMove(t *testing.T, s *dialecttest.Server, from, to string) (confirm, undo string) {
	t.Helper()
	a := newcomer(t, s, from)
	r := s.Do(t, dialecttest.Request{
		Path: "/auth/changeEmail", Bearer: a.AccessToken, Body: dialecttest.JSON(map[string]string{"newEmail": to, "currentPassword": phrase}),
	})
	if r.Status != 202 {
		t.Fatal(r)
	}
	return s.MailedToken(t, mail.ConfirmAddress, to), s.MailedToken(t, mail.AddressChange, from)
}

func resetToken(t *testing.T, s *dialecttest.Server, email string) string {
	t.Helper()
	if err := s.App.Accounts.RequestReset(t.Context(), identity.Actor{}, email, ""); err != nil {
		t.Fatal(err)
	}
	return s.MailedToken(t, mail.ResetPassword, email)
}

var idInLink = regexp.MustCompile(`/auth/(?:register|password)/([0-9a-f-]{36})`)

// mailedID returns the UUID in the link of the last mail of a kind to an address.
func mailedID(t *testing.T, s *dialecttest.Server, kind mail.Kind, to string) string {
	t.Helper()
	mails := s.Mails(t, kind, to)
	if len(mails) == 0 {
		t.Fatalf("%s got no mail of kind %s", to, kind)
	}
	found := idInLink.FindStringSubmatch(mails[len(mails)-1].Text)
	if found == nil {
		t.Fatalf("no link with a UUID in %q", mails[len(mails)-1].Text)
	}
	return found[1]
}

func invitation(t *testing.T, s *dialecttest.Server, email string) string {
	t.Helper()
	if err := s.App.Signin.Invite(t.Context(), identity.Actor{}, invite.Offer{Email: email}); err != nil {
		t.Fatal(err)
	}
	return mailedID(t, s, mail.Invitation, email)
}

// resetID is the UUID of a reset for an account, which it makes if there is none.
func resetID(t *testing.T, s *dialecttest.Server, email string) string {
	t.Helper()
	_, err := s.App.Accounts.Create(t.Context(), dialecttest.Operator, account.Draft{Email: email, Password: phrase}, account.Setting{})
	if err != nil && !errors.Is(err, account.ErrEmailExists) {
		t.Fatal(err)
	}
	if err := s.App.Accounts.RequestResetID(t.Context(), identity.Actor{}, email); err != nil {
		t.Fatal(err)
	}
	return mailedID(t, s, mail.ResetPassword, email)
}

func enterToken(t *testing.T, s *dialecttest.Server, email string) string {
	t.Helper()
	if err := s.App.Accounts.RequestSignIn(t.Context(), identity.Actor{}, email, ""); err != nil {
		t.Fatal(err)
	}
	return s.MailedToken(t, mail.SignInLink, email)
}

func has(t *testing.T, r dialecttest.Response, status int, parts ...string) {
	t.Helper()
	if r.Status != status {
		t.Errorf("status is %d, want %d", r.Status, status)
	}
	for _, p := range parts {
		if !strings.Contains(r.Body, p) {
			t.Errorf("%q is not in %s", p, r.Body)
		}
	}
}
