package arguflow_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

func register(id, password string) request {
	return request{Path: "/api/register/" + id, Body: twice(password)}
}

const invalid, expired = "Invalid Invitation", "Invitation Expired"

// revoke makes the invitation of an address worthless through the native dialect.
func revoke(t *testing.T, s *dialecttest.Server, email string) {
	t.Helper()
	if r := s.Do(t, request{Method: "DELETE", Path: "/auth/invitationCodes/" + invitationOf(t, s, email).ID, Key: s.Secret}); r.Status != 204 {
		t.Fatalf("got %d %s", r.Status, r.Body)
	}
}

func invitationOf(t *testing.T, s *dialecttest.Server, email string) identity.Invitation {
	t.Helper()
	page, err := s.App.Invites.List(t.Context(), invite.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for _, inv := range page.Invitations {
		if inv.Email == email {
			return inv
		}
	}
	t.Fatalf("nobody invited %s", email)
	return identity.Invitation{}
}

// anonymous is what an answer tells besides its id, the time and how many came before.
func anonymous(r response) response {
	header := http.Header{}
	for name, values := range r.Header {
		switch name {
		case "X-Request-Id", "Date":
		case "X-Ratelimit-Remaining": // one less with each request
			header[name] = []string{"n"}
		default:
			header[name] = values
		}
	}
	r.Header = header
	return r
}

// alike fails unless two answers are the same, byte for byte and header by header.
func alike(t *testing.T, what string, a, b response) {
	t.Helper()
	if diff := cmp.Diff(anonymous(a), anonymous(b)); diff != "" {
		t.Errorf("%s: the answers tell two cases apart (-first +second):\n%s", what, diff)
	}
}

// TestAnIDThatIsNoneTellsNothing tries ids that are not good for every reason there is.
func TestAnIDThatIsNoneTellsNothing(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		n := node(t, s)
		used, revoked, good := invited(t, s, "used@example.com"), invited(t, s, "revoked@example.com"), invited(t, s, "good@example.com")
		must(t, s, register(used, phrase), 200)
		revoke(t, s, "revoked@example.com")
		replaced := invited(t, s, "replaced@example.com")
		if r := s.Do(t, request{Method: "POST", Path: "/auth/invitationCodes/" + invitationOf(t, s, "replaced@example.com").ID + "/resend", Key: s.Secret}); r.Status != 200 {
			t.Fatalf("got %d %s", r.Status, r.Body)
		}
		want := s.Do(t, register(opaque.NewUUID(), phrase))
		if want.Status != 400 || want.ArguflowError(t) != invalid {
			t.Fatalf("got %d %s", want.Status, want.Body)
		}
		bad := map[string]string{
			"used": used, "revoked": revoked, "replaced": replaced, "its record": invitationOf(t, s, "good@example.com").ID,
			"no hyphens": strings.ReplaceAll(good, "-", ""), "in braces": "{" + good + "}", "a URN": "urn:uuid:" + good, "a prefix": good[:35], "a letter more": good + "0",
			"a space": good + "%20", "hyphens elsewhere": good[:7] + "-" + good[7:8] + good[9:], "with the prefix of codes": "iv_" + good, "zeros": "00000000-0000-0000-0000-000000000000",
			"another letter": good[:35] + string("0123456789abcdef"[(strings.IndexByte("0123456789abcdef", good[35])+1)%16]), "a line break": good + "%0a", "NUL in letters": good + "%2500",
			"wide digits": strings.Replace(good, good[:1], "０", 1),
		}
		for i := range 50 {
			bad[fmt.Sprint("random ", i)] = opaque.NewUUID()
		}
		for name, id := range bad {
			for _, node := range []*dialecttest.Server{s, n} {
				alike(t, name, want, node.Do(t, register(id, phrase)))
			}
		}
		must(t, s, register(strings.ToUpper(good), phrase), 200) // RFC 9562 section 4: either case
		for _, id := range []string{good, strings.ToUpper(good)} {
			alike(t, "used, in either case", want, n.Do(t, register(id, phrase)))
		}
		for _, email := range []string{"revoked@example.com", "replaced@example.com"} {
			says(t, s, request{Path: "/api/auth", Body: body("email", email, "password", phrase)}, "Incorrect email or password")
		}
	})
}

// TestAnInvitationEndsOnTime moves the clock to its last millisecond and beyond.
func TestAnInvitationEndsOnTime(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		for env, life := range map[string]time.Duration{"72h": 72 * time.Hour, "90m": 90 * time.Minute} {
			s := start(t, open, "GATEHOUSE_ARGUFLOW_INVITATION_TTL="+env)
			early, late := invited(t, s, env+"-early@example.com"), invited(t, s, env+"-late@example.com")
			s.Clock.Advance(life - time.Millisecond)
			must(t, s, register(early, phrase), 200)
			s.Clock.Advance(time.Millisecond)
			says(t, s, register(late, phrase), expired)
			says(t, s, register(early, phrase), invalid) // used beats expired
			revoke(t, s, env+"-late@example.com")
			says(t, s, register(late, phrase), invalid) // and so does revoked
		}
	})
}

// TestATryIsNoUse lets bad choices of a password come before a good one.
func TestATryIsNoUse(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		id := invited(t, s, ada)
		for _, password := range []string{"x", "password", strings.Repeat("x", 129), "ada@example.com", ""} {
			if r := s.Do(t, register(id, password)); r.Status != 400 || r.ArguflowError(t) == invalid {
				t.Errorf("%q: %d %s", password, r.Status, r.Body)
			}
		}
		must(t, s, register(id, phrase), 200)
		s.ArguflowLogin(t, ada, phrase)
	})
}

// TestOfManyWhoRegisterWithOneInvitationOneDoes races a hundred of them on two nodes.
func TestOfManyWhoRegisterWithOneInvitationOneDoes(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		nodes := []*dialecttest.Server{s, node(t, s)}
		id := invited(t, s, ada, "r1")
		var good atomic.Int64
		var winner atomic.Int64
		dialecttest.Together(100, func(i int) {
			spelled := id
			if i%3 == 0 {
				spelled = strings.ToUpper(id)
			}
			r, err := nodes[i%2].Try(register(spelled, fmt.Sprintf("%s %d", phrase, i)))
			switch {
			case err != nil:
				t.Error(err)
			case r.Status == 200:
				good.Add(1)
				winner.Store(int64(i))
			case r.Status != 400 || !strings.Contains(r.Body, invalid) && !strings.Contains(r.Body, "already exists"):
				t.Errorf("got %d %s", r.Status, r.Body)
			}
		})
		all, err := s.App.Accounts.List(t.Context(), "", 100)
		if err != nil || good.Load() != 1 || len(all) != 1 {
			t.Fatalf("%d registered, there are %d accounts, %v", good.Load(), len(all), err)
		}
		s.ArguflowLogin(t, ada, fmt.Sprintf("%s %d", phrase, winner.Load()))
		inv := invitationOf(t, s, ada)
		if inv.Confirmed() != 1 || inv.Left != 0 || len(inv.Uses) != 1 {
			t.Errorf("the invitation is %+v", inv)
		}
	})
}

// TestAnAddressThatIsTakenMeanwhileStaysItsOwners registers it elsewhere before the invitation is
// used.
func TestAnAddressThatIsTakenMeanwhileStaysItsOwners(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		for name, env := range map[string]string{"where anybody may come in": "false", "where addresses are verified first": "true"} {
			s := start(t, open, "GATEHOUSE_REQUIRE_VERIFIED_EMAIL="+env)
			email := env + "@example.com"
			id := invited(t, s, email)
			newUser(t, s, email)
			says(t, s, register(id, another), "An account with this email already exists.")
			says(t, s, request{Path: "/api/auth", Body: body("email", email, "password", another)}, "Incorrect email or password")
			s.ArguflowLogin(t, email, phrase)
			s.Settle(t)
			if _, err := s.App.Invites.Repair(t.Context()); err != nil {
				t.Fatal(err)
			}
			if inv := invitationOf(t, s, email); inv.Confirmed() != 0 || len(inv.Uses) != 0 {
				t.Errorf("%s: the invitation is %+v", name, inv)
			}
			if got := stored(t, s, email).InvitationID; got != "" {
				t.Errorf("%s: the account came of %s", name, got)
			}
		}
	})
}

// TestAnAddressHasOneAccountWhicheverDoorIsTaken races an invitation against sign-ups without one.
func TestAnAddressHasOneAccountWhicheverDoorIsTaken(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		nodes := []*dialecttest.Server{s, node(t, s)}
		for round := range 5 {
			email := fmt.Sprintf("ada%d@example.com", round)
			id := invited(t, s, email)
			var good atomic.Int64
			dialecttest.Together(10, func(i int) {
				q := register(id, phrase)
				if i%2 == 0 {
					q = request{Path: "/auth/register", Key: s.Publishable, Body: body("email", strings.ToUpper(email), "password", phrase)}
				}
				r, err := nodes[i/2%2].Try(q)
				if err != nil || r.Status >= 500 && r.Status != 503 {
					t.Errorf("got %d %s, %v", r.Status, r.Body, err)
				}
				if r.Status/100 == 2 {
					good.Add(1)
				}
			})
			s.Settle(t)
			s.ArguflowLogin(t, email, phrase)
			inv := invitationOf(t, s, email)
			if u := stored(t, s, email); good.Load() != 1 || (u.InvitationID == inv.ID) != (inv.Confirmed() == 1) || len(inv.Uses) > 1 {
				t.Errorf("%d registered; the account came of %q, the invitation is %+v", good.Load(), u.InvitationID, inv)
			}
		}
		all, err := s.App.Accounts.List(t.Context(), "", 100)
		if err != nil || len(all) != 5 {
			t.Errorf("there are %d accounts, %v", len(all), err)
		}
	})
}

// TestAStrangerWhoWasQuickerGetsNothing has Eve register with the address of somebody who is invited,
// so that its reader finds an account and a mail that asks to confirm the address.
func TestAStrangerWhoWasQuickerGetsNothing(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true")
		id := invited(t, s, ada)
		if r := s.Do(t, request{Path: "/auth/register", Key: s.Publishable, Body: body("email", ada, "password", another)}); r.Status != 202 {
			t.Fatalf("got %d %s", r.Status, r.Body)
		}
		confirm := s.MailedToken(t, mail.VerifyEmail, ada)
		says(t, s, register(id, phrase), "An account with this email already exists.")
		reset := s.MailedToken(t, mail.ResetPassword, ada)
		if _, err := s.App.Accounts.VerifyEmail(t.Context(), identity.Actor{}, confirm); !errors.Is(err, account.ErrInvalidLink) {
			t.Errorf("what Eve has her confirm: %v", err)
		}
		if r := s.Do(t, request{Path: "/auth/login", Key: s.Publishable, Body: body("email", ada, "password", another)}); r.Status == 200 {
			t.Error("Eve is in")
		}
		if err := s.App.Accounts.ResetPassword(t.Context(), identity.Actor{}, reset, phrase); err != nil {
			t.Fatal(err)
		}
		s.ArguflowLogin(t, ada, phrase)
	})
}

// TestInvitationsAreFew counts who invites: a user by user, somebody unknown by address.
func TestInvitationsAreFew(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_LIMIT_MAIL=1/15m", "GATEHOUSE_TRUSTED_PROXIES=127.0.0.1/32")
		signed := signedIn(t, s, ada)
		invitesOf := func(how string, q func(i int) request) {
			t.Helper()
			for i := range 12 {
				want := 200
				if i >= 10 {
					want = 429
				}
				if r := s.Do(t, q(i)); r.Status != want {
					t.Errorf("invitation %d, %s: %d %s", i, how, r.Status, r.Body)
				}
			}
		}
		at := func(q request, ip string) request { return with(q, "X-Forwarded-For", ip) }
		to := func(kind string, i int) request {
			return request{Path: "/api/invitation", Body: body("email", fmt.Sprintf("%s%d@example.com", kind, i))}
		}
		invitesOf("by a user from anywhere", func(i int) request { return at(to("user", i).ByCookie(signed), fmt.Sprintf("192.0.2.%d", i)) })
		invitesOf("by nobody", func(i int) request { return at(to("nobody", i), "198.51.100.1") })
		if r := s.Do(t, at(to("other", 0), "198.51.100.2")); r.Status != 200 {
			t.Errorf("somebody else: %d %s", r.Status, r.Body)
		}
		for range 3 { // one reader gets no more mails than there may be
			s.Do(t, at(to("flooded", 0), "203.0.113.5"))
		}
		counts(t, s, mail.Invitation, "flooded0@example.com", 1)
		if page, err := s.App.Invites.List(t.Context(), invite.Query{}); err != nil || len(page.Invitations) != 22 {
			t.Errorf("there are %d invitations, %v, want one for each mail", len(page.Invitations), err)
		}
	})
}

// TestReferralTokensAreBounded refuses what could not be kept or shown.
func TestReferralTokensAreBounded(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	signed := signedIn(t, s, bob)
	const message = "referral_tokens are at most 32 texts of 1 to 128 characters without control characters, and 2048 bytes together"
	many := make([]string, 33)
	for i := range many {
		many[i] = "x"
	}
	for _, by := range []func(request) request{func(q request) request { return q.ByCookie(signed) }, func(q request) request { return q }} {
		for _, tokens := range [][]string{many, {""}, {strings.Repeat("x", 129)}, {"a\nb"}, {"\x00"}, {"ok", "\x1b[2J"}, slices.Repeat([]string{strings.Repeat("x", 128)}, 17)} {
			says(t, s, by(request{Path: "/api/invitation", Body: dialecttest.JSON(map[string]any{"email": ada, "referral_tokens": tokens})}), message)
		}
		for _, raw := range []string{`"x"`, `[1]`, `{"a":1}`, `[["x"]]`, `[null]`} {
			r := s.Do(t, by(request{Path: "/api/invitation", Body: `{"email":"` + ada + `","referral_tokens":` + raw + `}`}))
			if r.Status != 400 || !strings.Contains(r.ArguflowError(t), "referral_tokens") {
				t.Errorf("%s: %d %s", raw, r.Status, r.Body)
			}
		}
	}
	counts(t, s, mail.Invitation, ada, 0)
	for i, good := range []string{`null`, `[]`, dialecttest.JSON(many[:32]), dialecttest.JSON([]string{strings.Repeat("ü", 128), "<script>", `"'`})} {
		email := fmt.Sprintf("good%d@example.com", i)
		must(t, s, request{Path: "/api/invitation", Body: `{"email":"` + email + `","referral_tokens":` + good + `}`}.ByCookie(signed), 200)
		counts(t, s, mail.Invitation, email, 1)
	}
}

// TestWhoMayInvite looks at each setting under each policy.
func TestWhoMayInvite(t *testing.T) {
	for _, c := range []struct {
		env             []string
		nobody, someone int
	}{
		{nil, 200, 200},
		{[]string{byUsers}, 401, 200},
		{[]string{"GATEHOUSE_REGISTRATION=invite"}, 401, 200},
		{[]string{"GATEHOUSE_REGISTRATION=invite", "GATEHOUSE_ARGUFLOW_INVITERS=anyone"}, 200, 200},
		{[]string{"GATEHOUSE_REGISTRATION=closed"}, 403, 403},
		{[]string{"GATEHOUSE_REGISTRATION=closed", "GATEHOUSE_ARGUFLOW_INVITERS=anyone"}, 403, 403},
	} {
		t.Run(strings.Join(c.env, " "), func(t *testing.T) {
			s := start(t, dialecttest.SQLite(t), c.env...)
			signed := signedIn(t, s, bob)
			q := request{Path: "/api/invitation", Body: body("email", ada)}
			must(t, s, q, c.nobody)
			must(t, s, q.ByCookie("stale"), c.nobody)
			want := 0
			if c.nobody == 200 {
				want = 2
			}
			counts(t, s, mail.Invitation, ada, want)
			must(t, s, q.ByCookie(signed), c.someone)
			if c.someone == 200 {
				want++
				must(t, s, register(s.MailedID(t, mail.Invitation, ada), phrase), 200)
			}
			counts(t, s, mail.Invitation, ada, want)
		})
	}
}

// TestACodeOfAnotherFormIsNone has the code of a mailed invitation replaced by one that names its
// invitation, and may have been shown to others than its reader.
func TestACodeOfAnotherFormIsNone(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		invited(t, s, ada)
		inv := invitationOf(t, s, ada)
		shown := opaque.NewFor("iv", inv.ID)
		if _, err := s.App.Store.ReissueInvitation(t.Context(), inv.ID, shown.Hash(), s.Clock.Now(), inv.ExpiresAt); err != nil {
			t.Fatal(err)
		}
		says(t, s, register(shown.String(), phrase), invalid)
		r := s.Do(t, request{Path: "/auth/register", Key: s.Publishable, Body: body("email", ada, "password", phrase, "invitationCode", shown.String())})
		if r.Status != 400 || !strings.Contains(r.Body, "invitation_invalid") {
			t.Errorf("got %d %s", r.Status, r.Body)
		}
	})
}

// TestAUserNameIsOneUsersWhoeverWasInvited has two who were invited ask for one name where
// addresses are verified first: theirs are already.
func TestAUserNameIsOneUsersWhoeverWasInvited(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_REQUIRE_VERIFIED_EMAIL=true")
		named := func(email string) request {
			return request{Path: "/flowless/auth/register", Body: body("email", email, "password", phrase, "userName", "countess", "invitationCode", invited(t, s, email))}
		}
		if r := s.Do(t, named(ada)); r.Status != 200 {
			t.Fatalf("got %d %s", r.Status, r.Body)
		}
		if r := s.Do(t, request{Path: "/flowless/auth/login", Body: body("username", "countess", "password", phrase)}); r.Status != 200 {
			t.Errorf("signing in by the name: %d %s", r.Status, r.Body)
		}
		if r := s.Do(t, named(bob)); r.Status != 409 {
			t.Errorf("another with that name: %d %s", r.Status, r.Body)
		}
		if inv := invitationOf(t, s, bob); inv.Left != 1 {
			t.Errorf("the invitation of who may try again is %+v", inv)
		}
	})
}
