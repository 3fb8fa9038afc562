package signin_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/session"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// The ways to prepare an account for somebody else ("Pre-hijacked Accounts", Sudhodanan and
// Paverd, USENIX Security 2022, has five of them; security case A-53). Each is told by what Eve does before Ada
// comes, and ends with nothing of hers.

const (
	eve  = "eve@example.org"
	mole = "mole" // the user name that Eve gives the account
)

// eves is Eve at the provider that Ada comes by as well.
func eves() identity.Assertion {
	return identity.Assertion{Provider: "google", Subject: "eve", Email: "eve@example.net", EmailVerified: true}
}

// plot is what Eve holds of the account that she has made with Ada's address.
type plot struct {
	userID   string
	sessions []dialecttest.Authorization
	ids      []string // of sessions
	password string
	others   []identity.Assertion // by which she signs in
	links    map[identity.Purpose]string
	picture  string
}

// TestClassicFederatedMerge: Eve registers with Ada's address and a password, and Ada signs in with
// her provider.
func TestClassicFederatedMerge(t *testing.T) {
	arrivals(t, func(_ *testing.T, _ *dialecttest.Server, _ *plot) {})
}

// TestUnexpiredSession: Eve registers and keeps sessions of every kind alive until Ada comes.
func TestUnexpiredSession(t *testing.T) {
	arrivals(t, func(t *testing.T, s *dialecttest.Server, p *plot) {
		for range 3 {
			p.sessions = append(p.sessions, s.Login(t, ada, phrase))
			p.ids = append(p.ids, s.FlowlessLogin(t, ada, phrase).ID)
		}
		p.sessions = append(p.sessions, s.Refresh(t, p.sessions[0].RefreshToken))
	})
}

// TestTrojanIdentifier: Eve gives the account other names that she can sign in by later.
func TestTrojanIdentifier(t *testing.T) {
	arrivals(t, func(t *testing.T, s *dialecttest.Server, p *plot) {
		by := acting(t, s, p)
		address, name := eve, mole
		if _, _, err := s.App.Accounts.Edit(t.Context(), by, account.Edit{Username: &name, Profile: account.ProfileChange{RecoveryEmail: &address, DisplayName: &name}}); err != nil {
			t.Fatal(err)
		}
		for _, a := range []identity.Assertion{eves(), {Provider: "github", Subject: "eve"}} {
			if _, err := s.App.Accounts.Link(t.Context(), by, a); err != nil {
				t.Fatal(err)
			}
			p.others = append(p.others, a)
		}
		if comesIn(t, s, eves()).User.ID != p.userID {
			t.Error("Eve's identity is not linked")
		}
	})
}

// TestLinkedByItsVictim: Eve has Ada link her own identity to the account, and one of Eve's is linked
// beside it.
func TestLinkedByItsVictim(t *testing.T) {
	arrivals(t, func(t *testing.T, s *dialecttest.Server, p *plot) {
		by := acting(t, s, p)
		more := identity.Assertion{Provider: "github", Subject: "eve", Email: ada}
		for _, a := range []identity.Assertion{vouched(), more} {
			if _, err := s.App.Accounts.Link(t.Context(), by, a); err != nil {
				t.Fatal(err)
			}
		}
		p.others = append(p.others, more)
		g := comesIn(t, s, more)
		p.sessions = append(p.sessions, dialecttest.Authorization{AccessToken: g.AccessToken, RefreshToken: g.RefreshToken})
	})
}

// TestAResetLeavesNoOtherWayIn: Ada has clicked on the mail of Eve's sign-up, wonders, and resets.
func TestAResetLeavesNoOtherWayIn(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		before := verified(t, s)
		by, err := s.App.Sessions.Authenticate(t.Context(), before.AccessToken)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.App.Accounts.Link(t.Context(), by, eves()); err != nil {
			t.Fatal(err)
		}
		does(t, s, 202, dialecttest.Request{Path: "/auth/forgotPassword", Body: pairs("email", ada)})
		does(t, s, 204, dialecttest.Request{Path: "/auth/resetPassword", Body: pairs("token", s.MailedToken(t, mail.ResetPassword, ada), "newPassword", another)})
		if g, err := s.App.Signin.Assert(t.Context(), reader, eves(), ""); err == nil && g.User.ID == before.LocalID {
			t.Error("Eve comes in by her identity")
		}
		if u := stored(t, s); len(u.Linked) != 0 || len(u.Identifiers) != 1 {
			t.Errorf("left are %v and %v", u.Linked, u.Identifiers)
		}
	})
}

// TestUnexpiredEmailChange: Eve asks for her own address to become the account's, and waits with the
// link in it until Ada has come.
func TestUnexpiredEmailChange(t *testing.T) {
	arrivals(t, func(t *testing.T, s *dialecttest.Server, p *plot) {
		if err := s.App.Accounts.ChangeEmail(t.Context(), acting(t, s, p), eve, p.password); err != nil {
			t.Fatal(err)
		}
		p.links[identity.MoveEmail] = s.MailedToken(t, mail.ConfirmAddress, eve)
		p.links[identity.UndoMove] = s.MailedToken(t, mail.AddressChange, ada)
	})
}

// TestNonVerifyingProvider: Eve comes by a provider that lets her claim Ada's address.
func TestNonVerifyingProvider(t *testing.T) {
	each(t, func(t *testing.T, s *dialecttest.Server, arrive arrival) {
		a := unvouched()
		a.Subject = "eve"
		g := comesIn(t, s, a)
		p := &plot{userID: g.User.ID, others: []identity.Assertion{a}, links: map[identity.Purpose]string{}}
		p.sessions = append(p.sessions, dialecttest.Authorization{AccessToken: g.AccessToken, RefreshToken: g.RefreshToken})
		holding := visitor
		holding.HoldsID = true
		held, err := s.App.Signin.Assert(t.Context(), holding, a, "")
		if err != nil {
			t.Fatal(err)
		}
		p.ids = append(p.ids, held.ID)
		decorate(t, s, p)
		arrive.check(t, s, p)
	})
}

// arrivals is each for an Eve who registers with Ada's address and a password, and then does more.
func arrivals(t *testing.T, more func(t *testing.T, s *dialecttest.Server, p *plot)) {
	t.Helper()
	each(t, func(t *testing.T, s *dialecttest.Server, arrive arrival) {
		p := &plot{password: phrase, links: map[identity.Purpose]string{}}
		p.sessions = []dialecttest.Authorization{s.Register(t, ada, phrase)}
		p.userID = p.sessions[0].LocalID
		p.ids = []string{s.FlowlessLogin(t, ada, phrase).ID}
		p.links[identity.ProveEmail] = s.MailedToken(t, mail.VerifyEmail, ada)
		does(t, s, 202, dialecttest.Request{Path: "/auth/forgotPassword", Body: pairs("email", ada)})
		p.links[identity.ResetPassword] = s.MailedToken(t, mail.ResetPassword, ada)
		decorate(t, s, p)
		more(t, s, p)
		p.links[identity.SignIn] = mailed(t, s)
		arrive.check(t, s, p)
	})
}

// acting is Eve in the first of her sessions.
func acting(t *testing.T, s *dialecttest.Server, p *plot) identity.Actor {
	t.Helper()
	by, err := s.App.Sessions.Authenticate(t.Context(), p.sessions[0].AccessToken)
	if err != nil {
		t.Fatal(err)
	}
	by.Client = identity.Client{IP: "198.51.100.6", UserAgent: "Eve"}
	return by
}

// decorate fills in what an account says of itself.
func decorate(t *testing.T, s *dialecttest.Server, p *plot) {
	t.Helper()
	by := acting(t, s, p)
	say, born := "eve was here", "1990-01-01"
	all := account.ProfileChange{
		Name: &say, LastName: &say, DisplayName: &say, Phone: &say, Mobile: &say, BirthDate: &born, Gender: &say, TimeZone: &say, Bio: &say,
		ReferenceID: &say, Language: &say,
	}
	if _, err := s.App.Accounts.UpdateProfile(t.Context(), by, all); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 20, 20))); err != nil {
		t.Fatal(err)
	}
	shown, err := s.App.Pictures.Set(t.Context(), by, file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	p.picture = shown.User.Picture
}

// arrival is how Ada comes.
type arrival struct {
	name  string
	enter func(t *testing.T, s *dialecttest.Server) session.Grant
	keeps bool // what the account says of itself: it could be hers
}

var comings = []arrival{
	{name: "by her provider", enter: func(t *testing.T, s *dialecttest.Server) session.Grant { t.Helper(); return comesIn(t, s, vouched()) }},
	{name: "by a mailed link", enter: func(t *testing.T, s *dialecttest.Server) session.Grant {
		t.Helper()
		g, err := s.App.Signin.Link(t.Context(), visitor, mailed(t, s))
		if err != nil {
			t.Fatal(err)
		}
		return g
	}},
	{name: "by a reset", keeps: true, enter: func(t *testing.T, s *dialecttest.Server) session.Grant {
		t.Helper()
		does(t, s, 202, dialecttest.Request{Path: "/auth/forgotPassword", Body: pairs("email", ada)})
		does(t, s, 204, dialecttest.Request{Path: "/auth/resetPassword", Body: pairs("token", s.MailedToken(t, mail.ResetPassword, ada), "newPassword", another)})
		g, err := s.App.Signin.Password(t.Context(), visitor, ada, another)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}},
}

func each(t *testing.T, scenario func(t *testing.T, s *dialecttest.Server, arrive arrival)) {
	t.Helper()
	dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
		for _, a := range comings {
			t.Run(a.name, func(t *testing.T) { scenario(t, start(t, fresh(t), needNot), a) })
		}
	})
}

// check lets Ada in and fails unless nothing is left to Eve.
func (a arrival) check(t *testing.T, s *dialecttest.Server, p *plot) {
	t.Helper()
	s.Settle(t)
	toEve := lettersTo(s, eve)
	g := a.enter(t, s)
	if g.User.ID != p.userID || s.Me(t, g.AccessToken) != 200 {
		t.Errorf("Ada is in %s, not in %s", g.User.ID, p.userID)
	}
	a.showsNothing(t, s, p, g)
	p.opensNothing(t, s, a)
	s.Settle(t)
	if lettersTo(s, eve) != toEve {
		t.Error("Eve got more mails")
	}
	if u := stored(t, s); u.ID != p.userID || !u.EmailVerified {
		t.Errorf("in the end the account is %+v", u)
	}
	if s.Me(t, g.AccessToken) != 200 {
		t.Error("Ada is out again")
	}
}

func lettersTo(s *dialecttest.Server, to string) int {
	n := 0
	for _, l := range s.Letters.All() {
		if l.To == to {
			n++
		}
	}
	return n
}

// showsNothing compares the account to one that Ada has made herself.
func (a arrival) showsNothing(t *testing.T, s *dialecttest.Server, p *plot, g session.Grant) {
	t.Helper()
	s.Settle(t)
	u := stored(t, s)
	if len(u.Proofs) > 0 && !a.keeps {
		t.Errorf("outstanding links: %+v", u.Proofs)
	}
	if u.Profile.RecoveryEmail != "" {
		t.Errorf("the recovery address is %q", u.Profile.RecoveryEmail)
	}
	if a.keeps {
		return
	}
	want := identity.User{
		ID: p.userID, Email: ada, EmailVerified: true, UserType: identity.Customer, Identifiers: []identity.Identifier{adasAddress()},
		KnownClients: []string{visitor.Client.Software()}, Language: "de",
	}
	if u.IsLinked(vouched()) {
		want.Profile.DisplayName = vouched().Name
		want.AddLinked(vouched(), s.Clock.Now())
		if got := len(s.Mails(t, mail.AccountClaimed, ada)); got != 1 {
			t.Errorf("%d mails tell Ada what was there, want 1", got)
		}
	}
	aside := cmpopts.IgnoreFields(identity.User{}, "Rev", "Epoch", "CreatedAt", "UpdatedAt", "PasswordSetAt")
	if d := cmp.Diff(want, u, aside, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("what Ada finds (-want +got):\n%s", d)
	}
	if _, err := s.App.Store.Blob(t.Context(), p.picture); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the picture is there: %v", err)
	}
	live, err := s.App.Sessions.ListOf(t.Context(), u)
	if err != nil || len(live) != 1 || live[0].ID != g.Session.ID {
		t.Errorf("%d sessions (%v)", len(live), err)
	}
}

// opensNothing tries everything that Eve holds.
func (p *plot) opensNothing(t *testing.T, s *dialecttest.Server, a arrival) {
	t.Helper()
	for _, name := range []string{ada, mole, eve} {
		if _, err := s.App.Signin.PasswordOf(t.Context(), visitor, name, phrase); code(err) != "bad_credentials" {
			t.Errorf("the password with %s: %v", name, err)
		}
	}
	for _, held := range p.sessions {
		if got := s.Me(t, held.AccessToken); got != 401 {
			t.Errorf("an access token is answered %d", got)
		}
		does(t, s, 401, dialecttest.Request{Path: "/auth/refreshToken", Body: pairs("refreshToken", held.RefreshToken)})
	}
	for _, id := range p.ids {
		if got := s.FlowlessMe(t, id); got != 401 {
			t.Errorf("a session id is answered %d", got)
		}
		if _, err := s.App.Sessions.RenewID(t.Context(), visitor, id); err == nil {
			t.Error("a session id is renewed")
		}
	}
	for _, other := range p.others {
		if g, err := s.App.Signin.Assert(t.Context(), visitor, other, ""); err == nil && g.User.ID == p.userID {
			t.Errorf("%s:%s signs in", other.Provider, other.Subject)
		}
	}
	for purpose, token := range p.links {
		if a.keeps && (purpose == identity.ProveEmail || purpose == identity.UndoMove) {
			continue // both went to Ada, and give her no more than she has
		}
		if _, _, err := s.App.Accounts.Peek(t.Context(), visitor, purpose, token); !errors.Is(err, account.ErrInvalidLink) {
			t.Errorf("the link for %s: %v", purpose, err)
		}
		ctx := context.WithoutCancel(t.Context())
		_, verified := s.App.Accounts.VerifyEmail(ctx, visitor, token)
		_, entered := s.App.Signin.Link(ctx, visitor, token)
		if reset, undone := s.App.Accounts.ResetPassword(ctx, visitor, token, phrase), s.App.Accounts.CancelEmailChange(ctx, visitor, token); verified == nil ||
			entered == nil || reset == nil || undone == nil {
			t.Errorf("the link for %s is good: %v, %v, %v, %v", purpose, verified, entered, reset, undone)
		}
	}
}
