package native_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

const (
	firefox    = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
	newFirefox = "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0.2"
	chrome     = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)

// by returns a request as a client would send it.
func by(client string, q request) request {
	q.Header = map[string]string{"User-Agent": client}
	return q
}

func TestASignInFromAnUnknownClientIsTold(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		const email = "ada@example.com"
		must(t, s, by(firefox, register(s, email, goodPassword)), 201)
		login := func(client, key string) request {
			return by(client, attempt{email: email, password: goodPassword, key: key}.request(s))
		}
		phone := login(firefox, "")
		phone.Header["X-Device-Id"] = "phone"
		named := login(chrome+" of a server's user", s.Secret)
		named.Header["X-Client-IP"] = "203.0.113.9"
		for _, step := range []struct {
			name string
			request
			status, told int
		}{
			{"the client that registered", login(firefox, ""), 200, 0},
			{"an update of it", login(newFirefox, ""), 200, 0},
			{"a wrong password elsewhere", by(chrome, attempt{email: email, password: wrongPassword}.request(s)), 401, 0},
			{"a server with a secret key", login("third-party/1.0", s.Secret), 200, 0},
			{"a server that names its user's address", named, 200, 0},
			{"another browser", login(chrome, ""), 200, 1},
			{"the same one again", login(chrome, ""), 200, 1},
			{"the first one again", login(firefox, ""), 200, 1},
			{"the first one on another device", phone, 200, 2},
			{"a client that does not say what it is", login("", ""), 200, 3},
		} {
			must(t, s, step.request, step.status)
			if got := len(s.Mails(t, mail.NewSignIn, email)); got != step.told {
				t.Fatalf("%s: %d mails, want %d", step.name, got, step.told)
			}
		}
		first := s.Mails(t, mail.NewSignIn, email)[0]
		if !contains(first.Text, "Chrome", "Windows", "127.0.0.1") || contains(first.Text, "http") {
			t.Errorf("the mail says:\n%s", first.Text)
		}
	})
}

// The first sign-in of an account that somebody else made is no news to anybody.
func TestTheFirstSignInIsNoNews(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		atServer := register(s, "server@example.com", goodPassword)
		atServer.Key = s.Secret
		must(t, s, by("third-party/1.0", atServer), 201)
		operator := s.NewUser(t, "operator@example.com", "customer") // which signs it in once
		for email, password := range map[string]string{"server@example.com": goodPassword, "operator@example.com": operator.Password} {
			client := chrome
			if email == "operator@example.com" {
				client = "Go-http-client/2.0"
			}
			must(t, s, by(client, attempt{email: email, password: password}.request(s)), 200)
			counts(t, s, mail.NewSignIn, email, 0)
			must(t, s, by("somebody else's", attempt{email: email, password: password}.request(s)), 200)
			counts(t, s, mail.NewSignIn, email, 1)
		}
	})
}

func TestManySignInsFromOneUnknownClientAreToldOnce(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		nodes := []*dialecttest.Server{s, s.Node(t)}
		dialecttest.QuickPasswords(nodes...)
		s.Register(t, "ada@example.com", goodPassword)
		q := by(chrome, attempt{email: "ada@example.com", password: goodPassword}.request(s))
		dialecttest.Together(10, func(i int) {
			if r, err := nodes[i%2].Try(q); err != nil || r.Status != 200 {
				t.Errorf("%d %v", r.Status, err)
			}
		})
		dialecttest.Together(2, func(i int) { _, _ = nodes[i].App.Relay.Drain(t.Context()) })
		counts(t, s, mail.NewSignIn, "ada@example.com", 1)
	})
}

func TestAReplayedRefreshTokenIsToldOnce(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		nodes := []*dialecttest.Server{s, s.Node(t)}
		dialecttest.QuickPasswords(nodes...)
		a := s.Register(t, "ada@example.com", goodPassword)
		b := s.Register(t, "bob@example.com", goodPassword)
		for range 2 { // the owner goes on, and a retry is no replay
			s.Refresh(t, b.RefreshToken)
		}
		stolen := a.RefreshToken
		s.Refresh(t, s.Refresh(t, a.RefreshToken).RefreshToken)
		counts(t, s, mail.ReuseDetected, "ada@example.com", 0)
		var told atomic.Int64
		dialecttest.Together(50, func(i int) {
			r, err := nodes[i%2].Try(renew(stolen, fmt.Sprintf("thief/%d", i)))
			if err == nil && r.Status == 401 && r.Code() == "token_reused" {
				told.Add(1)
			} else {
				t.Errorf("%d %s %v", r.Status, r.Body, err)
			}
		})
		dialecttest.Together(2, func(i int) { _, _ = nodes[i].App.Relay.Drain(t.Context()) })
		counts(t, s, mail.ReuseDetected, "ada@example.com", 1)
		if told.Load() != 50 {
			t.Errorf("%d of 50 replays are answered token_reused", told.Load())
		}
		s.Do(t, renew(stolen, "thief"))
		counts(t, s, mail.ReuseDetected, "ada@example.com", 1)
		counts(t, s, mail.ReuseDetected, "bob@example.com", 0)
	})
}

func TestAPasswordChangeIsTold(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		a := s.Register(t, "ada@example.com", goodPassword)
		change := request{Path: "/auth/changePassword", Bearer: a.AccessToken, Body: body("currentPassword", wrongPassword, "newPassword", otherPassword)}
		must(t, s, change, 401)
		counts(t, s, mail.PasswordChanged, "ada@example.com", 0)
		change.Body = body("currentPassword", goodPassword, "newPassword", otherPassword)
		must(t, s, change, 200)
		counts(t, s, mail.PasswordChanged, "ada@example.com", 1)
		must(t, s, request{Path: "/auth/changePassword", Key: s.Secret, Body: body("localId", a.LocalID, "newPassword", thirdPassword)}, 204)
		counts(t, s, mail.PasswordChanged, "ada@example.com", 2)
	})
}

func TestAnInvitationIsMailed(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_REGISTRATION=invite")
		dialecttest.QuickPasswords(s)
		inv := inviteOne(t, s, `{"email":"Ada@example.com","note":"for the countess"}`)
		first := s.MailedToken(t, mail.Invitation, "Ada@example.com")
		if letter := s.Mails(t, mail.Invitation, "Ada@example.com")[0]; first != inv.Code || !contains(letter.Text, inv.URL) || contains(letter.Text+letter.HTML, "countess") {
			t.Errorf("code %s, url %s, and the mail says:\n%s", inv.Code, inv.URL, letter.Text)
		}
		var again invitation
		must(t, s, request{Method: "POST", Path: "/auth/invitationCodes/" + inv.ID + "/resend", Key: s.Secret}, 200).JSON(t, &again)
		second := s.MailedToken(t, mail.Invitation, "Ada@example.com")
		counts(t, s, mail.Invitation, "Ada@example.com", 2)
		s.Run(t, []kase{
			{Name: "the older code is dead", Request: redeem(s, "ada@example.com", first), Status: 400, Code: "invitation_invalid"},
			{Name: "the newer one is the address's alone", Request: redeem(s, "eve@example.com", second), Status: 400, Code: "invitation_invalid"},
			{Name: "the newer one works", Request: redeem(s, "ada@example.com", second), Status: 201},
		})
		if second != again.Code {
			t.Errorf("%s was mailed, %s was answered", second, again.Code)
		}
		s.Settle(t)
		before := len(s.Letters.All())
		inviteOne(t, s, `{"maxUses":5}`) // for nobody in particular
		gone := inviteOne(t, s, `{"email":"bob@example.com"}`)
		must(t, s, request{Method: "DELETE", Path: "/auth/invitationCodes/" + gone.ID, Key: s.Secret}, 204)
		s.Settle(t)
		if all := s.Letters.All(); len(all) != before+1 || all[before].To != "bob@example.com" {
			t.Errorf("%d mails, want one more than %d, to bob", len(all), before)
		}
		revoked := redeem(s, "bob@example.com", s.MailedToken(t, mail.Invitation, "bob@example.com"))
		if r := s.Do(t, revoked); r.Status != 400 {
			t.Errorf("the code of a revoked invitation: %d %s", r.Status, r.Body)
		}
	})
}
