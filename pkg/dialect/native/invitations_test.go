package native_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// invitation is an invitation as the wire has it.
type invitation struct {
	ID, Code, Email, State, UserType, Note, URL string
	MaxUses, Uses                               int64
	Claims                                      map[string]any
	CreatedAt, ExpiresAt                        time.Time
}

type invitationPage struct {
	InvitationCodes []invitation
	NextCursor      string
}

// inviteBy makes invitations with a credential.
func inviteBy(t *testing.T, s *dialecttest.Server, q request, text string) []invitation {
	t.Helper()
	q.Method, q.Path, q.Body = http.MethodPost, "/auth/generateInvitationCode", text
	r := s.Do(t, q)
	var page invitationPage
	if r.Status != http.StatusCreated {
		t.Fatalf("%s: %d %s", text, r.Status, r.Body)
	}
	r.JSON(t, &page)
	return page.InvitationCodes
}

// inviteOne makes one invitation with the server's key.
func inviteOne(t *testing.T, s *dialecttest.Server, text string) invitation {
	t.Helper()
	all := inviteBy(t, s, request{Key: s.Secret}, text)
	if len(all) != 1 {
		t.Fatalf("%d invitations", len(all))
	}
	return all[0]
}

// listed returns an invitation as the list has it.
func listed(t *testing.T, s *dialecttest.Server, id string) invitation {
	t.Helper()
	var page invitationPage
	s.Do(t, request{Path: "/auth/invitationCodes?limit=100", Key: s.Secret}).JSON(t, &page)
	i := slices.IndexFunc(page.InvitationCodes, func(i invitation) bool { return i.ID == id })
	if i < 0 {
		t.Fatalf("%s is not in the list", id)
	}
	return page.InvitationCodes[i]
}

func redeem(s *dialecttest.Server, email, code string) request {
	return request{Path: "/auth/register", Key: s.Publishable, Body: body("email", email, "password", goodPassword, "invitationCode", code)}
}

func TestAnInvitationFromMakingToRedemption(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open, "GATEHOUSE_REGISTRATION=invite")
		dialecttest.QuickPasswords(s)
		now := s.Clock.Now()
		plain := inviteBy(t, s, request{Key: s.Secret}, "")[0]
		want := invitation{
			ID: plain.ID, Code: plain.Code, URL: "http://localhost:8080/account/sign-up?invitationCode=" + plain.Code,
			State: "pending", UserType: "customer", MaxUses: 1, CreatedAt: now, ExpiresAt: now.Add(604800 * time.Second),
		}
		if diff := cmp.Diff(want, plain); diff != "" || !strings.HasPrefix(plain.Code, "iv_"+plain.ID+"_") {
			t.Errorf("without a word it is (-want +got):\n%s", diff)
		}
		full := inviteOne(t, s, `{"email":"Ada@Example.com","count":1,"maxUses":1,"expiresIn":60,"userType":"admin","claims":{"plan":"pro","seats":9007199254740993},"note":"for Ada <3"}`)
		if full.Email != "Ada@Example.com" || !full.ExpiresAt.Equal(now.Add(time.Minute)) || full.UserType != "admin" || full.Note != "for Ada <3" || full.Claims["plan"] != "pro" {
			t.Errorf("with everything it is %+v", full)
		}
		s.Run(t, []kase{
			{Name: "without a code", Request: redeem(s, "bob@example.com", ""), Status: 403, Code: "invitation_required"},
			{Name: "for another address", Request: redeem(s, "eve@example.com", full.Code), Status: 400, Code: "invitation_invalid"},
			{Name: "with a weak password", Request: request{Path: "/auth/register", Key: s.Publishable, Body: body("email", "ada@example.com", "password", "short", "invitationCode", full.Code)}, Status: 422},
		})
		if got := listed(t, s, full.ID); got.Uses != 0 || got.State != "pending" {
			t.Errorf("failures used it up: %+v", got)
		}
		r := s.Do(t, redeem(s, "aDA@example.COM", full.Code))
		var a dialecttest.Authorization
		if r.JSON(t, &a); r.Status != 201 {
			t.Fatalf("%d %s", r.Status, r.Body)
		}
		claims := claimsOf(t, a.AccessToken)
		if claims["user_type"] != "admin" || claims["plan"] != "pro" || claims["email"] != "aDA@example.COM" {
			t.Errorf("the access token says %v", claims)
		}
		b := s.Refresh(t, s.Login(t, "ada@example.com", goodPassword).RefreshToken)
		if again := claimsOf(t, b.AccessToken); again["user_type"] != "admin" || again["plan"] != "pro" {
			t.Errorf("a later access token says %v", again)
		}
		s.Run(t, []kase{
			{Name: "me", Request: request{Path: "/auth/me", Bearer: a.AccessToken}, Status: 200, Has: []string{`"userType":"admin"`, `"claims":{"plan":"pro","seats":9007199254740993}`}},
			{Name: "a second time", Request: redeem(s, "ada@example.com", full.Code), Status: 409, Code: "invitation_used_up"},
			{Name: "the plain one", Request: redeem(s, "bob@example.com", plain.Code), Status: 201},
			{Name: "the plain one again", Request: redeem(s, "cyd@example.com", plain.Code), Status: 409, Code: "invitation_used_up"},
		})
		if got := listed(t, s, full.ID); got.Uses != 1 || got.State != "used" || got.Code != "" || got.URL != "" {
			t.Errorf("the list has %+v", got)
		}
	})
}

func TestAnInvitationIsBounded(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	ask := func(text string) request {
		return request{Path: "/auth/generateInvitationCode", Key: s.Secret, Body: text}
	}
	bad := func(name, text, field string) kase {
		return kase{Name: name, Request: ask(text), Status: 400, Code: "invalid_input", Has: []string{`"field":"` + field + `"`}}
	}
	s.Run(t, []kase{
		bad("none", `{"count":0}`, "count"), bad("fewer than none", `{"count":-1}`, "count"), bad("101", `{"count":101}`, "count"),
		bad("no use", `{"maxUses":0}`, "maxUses"), bad("1001 uses", `{"maxUses":1001}`, "maxUses"),
		bad("two uses of one address", `{"email":"ada@example.com","maxUses":2}`, "maxUses"),
		bad("no time", `{"expiresIn":0}`, "expiresIn"), bad("a year and a second", `{"expiresIn":31536001}`, "expiresIn"),
		bad("until the end of time", `{"expiresIn":9223372036854775807}`, "expiresIn"), bad("into the past", `{"expiresIn":-60}`, "expiresIn"),
		bad("a type that is none", `{"userType":"root"}`, "userType"), bad("a type in capitals", `{"userType":"Admin"}`, "userType"),
		bad("no address", `{"email":"ada"}`, "email"), bad("a long note", `{"note":"`+strings.Repeat("ü", 201)+`"}`, "note"),
		bad("a note of lines", `{"note":"a\nb"}`, "note"), bad("claims that are ours", `{"claims":{"user_type":"admin"}}`, "claims"),
		bad("a thousand claims", `{"claims":{"x":"`+strings.Repeat("x", 1000)+`"}}`, "claims"), bad("a code of one's own", `{"code":"iv_mine"}`, "code"),
		bad("an id of one's own", `{"id":"mine"}`, "id"), bad("an owner", `{"createdBy":"user:x"}`, "createdBy"), bad("uses", `{"uses":5}`, "uses"),
		{Name: "nothing was made", Request: request{Path: "/auth/invitationCodes", Key: s.Secret}, Status: 200, Has: []string{`{"invitationCodes":[]}`}},
	})
	many := inviteBy(t, s, request{Key: s.Secret}, `{"count":100,"maxUses":1000,"expiresIn":31536000,"note":"`+strings.Repeat("ü", 200)+`"}`)
	ids, codes := map[string]bool{}, map[string]bool{}
	for _, i := range many {
		ids[i.ID], codes[i.Code] = true, true
	}
	if len(many) != 100 || len(ids) != 100 || len(codes) != 100 {
		t.Errorf("%d invitations with %d ids and %d codes", len(many), len(ids), len(codes))
	}
	inviteBy(t, s, request{Key: s.Secret}, `{"expiresIn":1}`)
}

func TestInvitationsAreListedByStateAndPage(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		states := map[string]string{}
		var secrets []string
		issue := func(state, text string) invitation {
			i := inviteOne(t, s, text)
			states[i.ID] = state
			secrets = append(secrets, i.Code, i.Code[len(i.Code)-43:])
			s.Clock.Advance(time.Millisecond)
			return i
		}
		for n := range 3 {
			issue("pending", `{"note":"p"}`)
			issue("expired", `{"expiresIn":1}`)
			revoked, used := issue("revoked", `{}`), issue("used", `{}`)
			both := issue("revoked", `{}`)
			for _, i := range []invitation{used, both} {
				if r := s.Do(t, redeem(s, fmt.Sprintf("u%d.%s@example.com", n, i.ID), i.Code)); r.Status != 201 {
					t.Fatalf("%d %s", r.Status, r.Body)
				}
			}
			for _, i := range []invitation{revoked, both} {
				s.Run(t, []kase{{Name: "delete", Request: request{Method: "DELETE", Path: "/auth/invitationCodes/" + i.ID, Key: s.Secret}, Status: 204}})
			}
			half := issue("pending", `{"maxUses":2}`)
			s.Do(t, redeem(s, fmt.Sprintf("half%d@example.com", n), half.Code))
		}
		s.Clock.Advance(time.Second)
		for _, state := range []string{"", "pending", "used", "expired", "revoked"} {
			for _, limit := range []int{1, 2, 3, 100} {
				got := pages(t, s, state, limit, secrets)
				want := map[string]string{}
				for id, st := range states {
					if state == "" || st == state {
						want[id] = st
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("state %q in pages of %d (-want +got):\n%s", state, limit, diff)
				}
			}
		}
	})
}

// pages reads a list page by page and returns the state of each invitation by id. It fails
// when a page is too long, out of order, repeats something or shows a secret.
func pages(t *testing.T, s *dialecttest.Server, state string, limit int, secrets []string) map[string]string {
	t.Helper()
	got, last, cursor := map[string]string{}, time.Time{}, ""
	for {
		path := fmt.Sprintf("/auth/invitationCodes?limit=%d&cursor=%s", limit, cursor)
		if state != "" {
			path += "&state=" + state
		}
		r := s.Do(t, request{Path: path, Key: s.Secret})
		for _, secret := range secrets {
			if strings.Contains(r.Body, secret) {
				t.Fatalf("a code is in %s", r.Body)
			}
		}
		var page invitationPage
		r.JSON(t, &page)
		if len(page.InvitationCodes) > limit || strings.Contains(r.Body, `"code"`) || strings.Contains(r.Body, `"url"`) {
			t.Fatalf("a page of %d: %s", limit, r.Body)
		}
		for _, i := range page.InvitationCodes {
			if _, twice := got[i.ID]; twice || !last.IsZero() && i.CreatedAt.After(last) {
				t.Fatalf("%s comes twice or too late", i.ID)
			}
			got[i.ID], last = i.State, i.CreatedAt
		}
		if cursor = page.NextCursor; cursor == "" {
			return got
		}
	}
}

func TestAnInvitationIsSentAgainAndDeleted(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		other := s.Node(t)
		dialecttest.QuickPasswords(other)
		resend := func(i invitation) request {
			return request{Method: "POST", Path: "/auth/invitationCodes/" + i.ID + "/resend", Key: s.Secret}
		}
		remove := func(i invitation) request {
			return request{Method: "DELETE", Path: "/auth/invitationCodes/" + i.ID, Key: s.Secret}
		}
		first := inviteOne(t, s, `{"email":"ada@example.com","expiresIn":60,"note":"n","claims":{"plan":"pro"}}`)
		s.Clock.Advance(2 * time.Minute)
		s.Run(t, []kase{{Name: "too late", Request: redeem(s, "ada@example.com", first.Code), Status: 410, Code: "invitation_expired"}})
		var second invitation
		s.Do(t, resend(first)).JSON(t, &second)
		want := first
		want.Code, want.URL, want.ExpiresAt = second.Code, strings.ReplaceAll(first.URL, first.Code, second.Code), s.Clock.Now().Add(time.Minute)
		if diff := cmp.Diff(want, second); diff != "" || second.Code == first.Code {
			t.Errorf("sent again it is (-want +got):\n%s", diff)
		}
		other.Run(t, []kase{
			{Name: "the old code", Request: redeem(s, "ada@example.com", first.Code), Status: 400, Code: "invitation_invalid"},
			{Name: "the new code for another", Request: redeem(s, "eve@example.com", second.Code), Status: 400, Code: "invitation_invalid"},
			{Name: "the new code", Request: redeem(s, "ada@example.com", second.Code), Status: 201},
			{Name: "once more", Request: resend(first), Status: 409, Code: "invitation_not_pending"},
		})
		dead := inviteOne(t, s, `{"maxUses":3}`)
		s.Run(t, []kase{{Name: "one of three", Request: redeem(s, "one@example.com", dead.Code), Status: 201}})
		for range 3 {
			s.Run(t, []kase{{Name: "delete", Request: remove(dead), Status: 204}})
			other.Run(t, []kase{{Name: "it is dead on every node", Request: redeem(s, "two@example.com", dead.Code), Status: 400, Code: "invitation_invalid"}})
		}
		s.Run(t, []kase{
			{Name: "the deleted one again", Request: resend(dead), Status: 409, Code: "invitation_not_pending"},
			{Name: "one that never was", Request: remove(invitation{ID: strings.Repeat("x", 20)}), Status: 404},
			{Name: "one that never was, again", Request: resend(invitation{ID: strings.Repeat("x", 20)}), Status: 404},
			{Name: "who came by it stays", Request: attempt{email: "one@example.com", password: goodPassword}.request(s), Status: 200},
		})
	})
}

func TestWhoMayInvite(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		dialecttest.QuickPasswords(s)
		admin, super := s.NewUser(t, "admin@example.com", identity.Admin), s.NewUser(t, "super@example.com", identity.Superadmin)
		customer := s.NewUser(t, "customer@example.com", identity.Customer)
		other := s.NewKey(t, identity.Secret, identity.ScopeUsersRead, identity.ScopeUsersWrite, identity.ScopeTokensRead, identity.ScopeTokensWrite)
		inviter := s.NewKey(t, identity.Secret, identity.ScopeInvitationsWrite)
		target := inviteOne(t, s, `{"maxUses":100}`)
		for _, c := range []struct {
			name   string
			who    request
			use    int            // the answer to a list and a re-send
			create map[string]int // and to making one, by user type
		}{
			{"nobody", request{}, 401, map[string]int{"customer": 401, "admin": 401}},
			{"a customer", request{Bearer: customer.AccessToken}, 403, map[string]int{"customer": 403, "superadmin": 403}},
			{"a publishable key", request{Key: s.Publishable}, 403, map[string]int{"customer": 403}},
			{"a secret key for other things", request{Key: other}, 403, map[string]int{"customer": 403}},
			{"a key that is none", request{Key: "sk_" + strings.Repeat("x", 64)}, 401, map[string]int{"customer": 401}},
			{"a code", request{Key: target.Code}, 401, map[string]int{"customer": 401}},
			{"a secret key", request{Key: inviter}, 200, map[string]int{"customer": 201, "admin": 201, "superadmin": 403}},
			{"an admin", request{Bearer: admin.AccessToken}, 200, map[string]int{"customer": 201, "admin": 403, "superadmin": 403}},
			{"a superadmin", request{Bearer: super.AccessToken}, 200, map[string]int{"customer": 201, "admin": 201, "superadmin": 403}},
			{"an admin in an app", request{Bearer: admin.AccessToken, Key: s.Publishable}, 200, map[string]int{"customer": 201, "admin": 403}},
			{"a customer in an app", request{Bearer: customer.AccessToken, Key: s.Publishable}, 403, map[string]int{"customer": 403}},
			{"an admin and a server", request{Bearer: admin.AccessToken, Key: inviter}, 400, map[string]int{"customer": 400}},
			{"a customer and a server", request{Bearer: customer.AccessToken, Key: inviter}, 400, map[string]int{"customer": 400, "admin": 400}},
		} {
			list, resend, remove := c.who, c.who, c.who
			list.Path = "/auth/invitationCodes"
			resend.Method, resend.Path = "POST", "/auth/invitationCodes/"+target.ID+"/resend"
			victim := inviteOne(t, s, `{}`)
			remove.Method, remove.Path = "DELETE", "/auth/invitationCodes/"+victim.ID
			removed, state := c.use, "pending"
			if c.use == 200 {
				removed, state = 204, "revoked"
			}
			cases := []kase{
				{Name: c.name + " lists", Request: list, Status: c.use},
				{Name: c.name + " sends again", Request: resend, Status: c.use},
				{Name: c.name + " deletes", Request: remove, Status: removed},
			}
			for userType, status := range c.create {
				issue := c.who
				issue.Path, issue.Body = "/auth/generateInvitationCode", body("userType", userType)
				cases = append(cases, kase{Name: c.name + " invites a " + userType, Request: issue, Status: status})
			}
			s.Run(t, cases)
			if got := listed(t, s, victim.ID); got.State != state {
				t.Errorf("%s: what was to be deleted is %s, want %s", c.name, got.State, state)
			}
		}
		higher := inviteBy(t, s, request{Bearer: super.AccessToken}, `{"userType":"admin"}`)[0]
		s.Run(t, []kase{
			{Name: "an admin gets no code for an admin", Request: request{Method: "POST", Path: "/auth/invitationCodes/" + higher.ID + "/resend", Bearer: admin.AccessToken}, Status: 403, Code: "insufficient_scope"},
			{Name: "the code is still the first one", Request: redeem(s, "second@example.com", higher.Code), Status: 201},
		})
	})
}
