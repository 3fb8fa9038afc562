package handoff_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/handoff"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

const phrase = "a long enough phrase"

// browser is who opens links.
var browser = identity.Actor{Client: identity.Client{IP: "192.0.2.7", UserAgent: "Firefox"}}

func start(t *testing.T, open dialecttest.Opener) *dialecttest.Server {
	t.Helper()
	s := dialecttest.Start(t, open, dialecttest.Options{Env: []string{"GATEHOUSE_CORS_ORIGINS=https://app.example.org"}})
	dialecttest.QuickPasswords(s)
	return s
}

// link asks for a hand-off link and returns its code.
func link(t *testing.T, s *dialecttest.Server, q dialecttest.Request) string {
	t.Helper()
	r := s.Do(t, q)
	var body struct {
		Code, URL string
		ExpiresIn int64
	}
	r.JSON(t, &body)
	at, err := url.Parse(body.URL)
	if err != nil || r.Status != 201 || body.ExpiresIn != 60 || at.Query().Get("code") != body.Code || !strings.HasPrefix(body.URL, "http://localhost:8080/auth/thirdPartySignIn?code=ho_") {
		t.Fatalf("%d %s (%v)", r.Status, r.Body, err)
	}
	return body.Code
}

func TestAHandOffOpensASessionOfItsOwn(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		a := s.Register(t, "ada@example.com", phrase)
		for name, q := range map[string]dialecttest.Request{
			"by an access token":  {Method: "POST", Path: "/auth/handoff", Bearer: a.AccessToken},
			"by a refresh token":  {Path: "/auth/handoff", Key: s.Publishable, Body: dialecttest.JSON(map[string]string{"refreshToken": a.RefreshToken})},
			"to an allowed place": {Path: "/auth/handoff", Bearer: a.AccessToken, Body: `{"continue":"https://app.example.org/x"}`},
		} {
			t.Run(name, func(t *testing.T) {
				code := link(t, s, q)
				wanted := ""
				if strings.Contains(q.Body, "continue") {
					wanted = "https://app.example.org/x"
				}
				for _, part := range []string{a.RefreshToken, a.AccessToken, "ada"} {
					if strings.Contains(code, part) {
						t.Errorf("%q stands in the code", part)
					}
				}
				if _, err := s.App.Handoffs.Open(t.Context(), code, "/elsewhere"); err == nil {
					t.Error("it opens for another destination")
				}
				ticket, err := s.App.Handoffs.Open(t.Context(), code, wanted)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := s.App.Handoffs.Exchange(t.Context(), browser, code); !errors.Is(err, handoff.ErrInvalid) {
					t.Errorf("a code in place of a ticket: %v", err)
				}
				got, err := s.App.Handoffs.Exchange(t.Context(), browser, ticket)
				if err != nil {
					t.Fatal(err)
				}
				if got.Grant.User.ID != a.LocalID || !got.Confirm || got.OwnOrigin != (wanted == "") {
					t.Errorf("arrived as %v, confirm %v, own origin %v", got.Grant.User.ID, got.Confirm, got.OwnOrigin)
				}
				if s.Me(t, got.Grant.AccessToken) != 200 || s.Me(t, a.AccessToken) != 200 {
					t.Error("one of the two sessions does not live")
				}
				if _, err := s.App.Handoffs.Open(t.Context(), code, wanted); !errors.Is(err, handoff.ErrInvalid) {
					t.Errorf("the link opens again: %v", err)
				}
			})
		}
	})
}

func TestOfManyExchangesOneSucceeds(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		other := s.Node(t)
		a := s.Register(t, "ada@example.com", phrase)
		code := link(t, s, dialecttest.Request{Method: "POST", Path: "/auth/handoff", Bearer: a.AccessToken})
		var tickets []string
		for range 2 { // the page opened twice: two tickets of one code
			ticket, err := s.App.Handoffs.Open(t.Context(), code, "")
			if err != nil {
				t.Fatal(err)
			}
			tickets = append(tickets, ticket)
		}
		var good atomic.Int64
		dialecttest.Together(20, func(i int) {
			node := []*dialecttest.Server{s, other}[i%2]
			_, err := node.App.Handoffs.Exchange(context.WithoutCancel(t.Context()), browser, tickets[i/2%2])
			switch {
			case err == nil:
				good.Add(1)
			case !errors.Is(err, handoff.ErrInvalid):
				t.Error(err)
			}
		})
		if good.Load() != 1 {
			t.Errorf("%d exchanges succeeded", good.Load())
		}
	})
}

func TestAThirdPartysLinkWorksOnce(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		a := s.Register(t, "ada@example.com", phrase)
		carried := authorization(a)
		var tickets = make(chan string, 20)
		dialecttest.Together(20, func(int) {
			ticket, err := s.App.Handoffs.Take(context.WithoutCancel(t.Context()), browser, carried, "")
			switch {
			case err == nil:
				tickets <- ticket
			case !errors.Is(err, handoff.ErrInvalid):
				t.Error(err)
			}
		})
		if len(tickets) != 1 {
			t.Fatalf("%d tickets were given", len(tickets))
		}
		got, err := s.App.Handoffs.Exchange(t.Context(), browser, <-tickets)
		if err != nil {
			t.Fatal(err)
		}
		if got.Grant.RefreshToken == a.RefreshToken {
			t.Error("the refresh token is the one in the link")
		}
		next := s.Refresh(t, got.Grant.RefreshToken)
		if next.LocalID != a.LocalID {
			t.Errorf("the session goes on as %v", next)
		}
		r := s.Do(t, dialecttest.Request{Path: "/auth/refreshToken", Body: dialecttest.JSON(map[string]string{"refreshToken": a.RefreshToken})})
		if r.Code() != "token_reused" {
			t.Errorf("the copy in the link is answered %d %s", r.Status, r.Body)
		}
	})
}

func TestTheCopyInALinkIsDeadAtOnceForItsOwner(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	a := s.Register(t, "ada@example.com", phrase)
	if _, err := s.App.Handoffs.Take(t.Context(), browser, authorization(a), ""); err != nil {
		t.Fatal(err)
	}
	r := s.Do(t, dialecttest.Request{Path: "/auth/refreshToken", Body: dialecttest.JSON(map[string]string{"refreshToken": a.RefreshToken})})
	if r.Status != 401 {
		t.Errorf("inside the grace window the same client gets %d %s", r.Status, r.Body)
	}
}

func TestALinkWhosePartsDoNotBelongTogetherIsRefused(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	a, b := s.Register(t, "ada@example.com", phrase), s.Register(t, "bob@example.com", phrase)
	again := s.Login(t, "ada@example.com", phrase)
	for _, c := range []struct {
		name   string
		change func(*handoff.Authorization)
	}{
		{"another address", func(x *handoff.Authorization) { x.Email = b.Email }},
		{"another user", func(x *handoff.Authorization) { x.LocalID = b.LocalID }},
		{"another user's refresh token", func(x *handoff.Authorization) { x.RefreshToken = b.RefreshToken }},
		{"the refresh token of another session", func(x *handoff.Authorization) { x.RefreshToken = again.RefreshToken }},
		{"another user's access token", func(x *handoff.Authorization) { x.AccessToken = b.AccessToken }},
		{"a forged refresh token", func(x *handoff.Authorization) {
			last := len(x.RefreshToken) - 1
			x.RefreshToken = x.RefreshToken[:last] + map[bool]string{true: "E", false: "A"}[x.RefreshToken[last] == 'A']
		}},
		{"a broken access token", func(x *handoff.Authorization) { x.AccessToken += "x" }},
		{"the access token in place of the refresh token", func(x *handoff.Authorization) { x.RefreshToken = x.AccessToken }},
	} {
		t.Run(c.name, func(t *testing.T) {
			carried := authorization(a)
			c.change(&carried)
			if _, err := s.App.Handoffs.Take(t.Context(), browser, carried, ""); !errors.Is(err, handoff.ErrInvalid) {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := s.App.Handoffs.Take(t.Context(), browser, authorization(a), "https://evil.example"); err == nil {
		t.Error("it goes to another origin")
	}
	if _, err := s.App.Handoffs.Take(t.Context(), browser, authorization(a), ""); err != nil {
		t.Errorf("none of this may have an effect: %v", err)
	}
}

func TestATicketDiesWithItsTimeItsSessionAndAnyChange(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	a := s.Register(t, "ada@example.com", phrase)
	code := link(t, s, dialecttest.Request{Method: "POST", Path: "/auth/handoff", Bearer: a.AccessToken})
	ticket, err := s.App.Handoffs.Open(t.Context(), code, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, altered := range []string{"", "ht_", "ht_.", ticket + "x", ticket[:len(ticket)-1], "ho_" + ticket[3:], strings.Replace(ticket, ".", "..", 1), "ht_" + code[3:], strings.Repeat("x", 5000)} {
		if _, err := s.App.Handoffs.Exchange(t.Context(), browser, altered); !errors.Is(err, handoff.ErrInvalid) {
			t.Errorf("%q: %v", altered, err)
		}
	}
	s.Clock.Advance(handoff.Life)
	if _, err := s.App.Handoffs.Exchange(t.Context(), browser, ticket); !errors.Is(err, handoff.ErrInvalid) {
		t.Errorf("after its time: %v", err)
	}
	if _, err := s.App.Handoffs.Open(t.Context(), code, ""); !errors.Is(err, handoff.ErrInvalid) {
		t.Errorf("the code after its time: %v", err)
	}
	code = link(t, s, dialecttest.Request{Method: "POST", Path: "/auth/handoff", Bearer: a.AccessToken})
	if ticket, err = s.App.Handoffs.Open(t.Context(), code, ""); err != nil {
		t.Fatal(err)
	}
	if r := s.Do(t, dialecttest.Request{Method: "POST", Path: "/auth/logout", Bearer: a.AccessToken}); r.Status != 204 {
		t.Fatal(r)
	}
	if _, err := s.App.Handoffs.Exchange(t.Context(), browser, ticket); !errors.Is(err, handoff.ErrInvalid) {
		t.Errorf("after signing out: %v", err)
	}
}

func TestHandingOnDoesNotMakeASignInLastForEver(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	a := s.Register(t, "ada@example.com", phrase)
	s.Clock.Advance(30 * time.Minute)
	code := link(t, s, dialecttest.Request{Method: "POST", Path: "/auth/handoff", Bearer: a.AccessToken})
	ticket, err := s.App.Handoffs.Open(t.Context(), code, "")
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.App.Handoffs.Exchange(t.Context(), browser, ticket)
	if err != nil {
		t.Fatal(err)
	}
	began := s.Clock.Now().Add(-30 * time.Minute)
	if sess := got.Grant.Session; !sess.AuthTime.Equal(began) || sess.MaxUntil.After(began.Add(2160*time.Hour)) {
		t.Errorf("signed in at %v until %v", sess.AuthTime, sess.MaxUntil)
	}
}

func TestOurOwnPageAsksForNoConfirmation(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	s.Register(t, "ada@example.com", phrase)
	g, err := s.App.Signin.Password(t.Context(), browser, "ada@example.com", phrase)
	if err != nil {
		t.Fatal(err)
	}
	ticket, err := s.App.Handoffs.Enter(g, "/app/orders")
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.App.Handoffs.Exchange(t.Context(), browser, ticket)
	if err != nil || got.Confirm || !got.OwnOrigin || got.Destination != "http://localhost:8080/app/orders" || got.Grant.Session.ID != g.Session.ID {
		t.Errorf("%v, %v", got, err)
	}
}

func authorization(a dialecttest.Authorization) handoff.Authorization {
	return handoff.Authorization{
		Email: a.Email, ExpiresIn: a.ExpiresIn, AccessToken: a.AccessToken, LocalID: a.LocalID, RefreshToken: a.RefreshToken,
	}
}
