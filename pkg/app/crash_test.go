package app_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

const phrase = "a long enough phrase"

// flow is something that takes more than one write. prepare runs on a healthy node; act runs
// on the one that dies and may fail anywhere; check runs on a node that comes after it.
type flow struct {
	env     []string
	prepare func(t *testing.T, s *dialecttest.Server) any
	act     func(t *testing.T, s *dialecttest.Server, state any)
	check   func(t *testing.T, s *dialecttest.Server, state any)
}

func try(s *dialecttest.Server, q dialecttest.Request) dialecttest.Response {
	r, _ := s.Try(q) // a node that dies may answer anything
	return r
}

func pairs(kv ...string) string {
	m := map[string]string{}
	for i := 0; i < len(kv); i += 2 {
		m[kv[i]] = kv[i+1]
	}
	return dialecttest.JSON(m)
}

var flows = map[string]flow{
	"registering with an invitation": {
		prepare: func(t *testing.T, s *dialecttest.Server) any {
			issued, err := s.App.Invites.Create(t.Context(), dialecttest.Operator, invite.New{})
			if err != nil {
				t.Fatal(err)
			}
			return issued[0]
		},
		act: func(_ *testing.T, s *dialecttest.Server, state any) {
			try(s, dialecttest.Request{Path: "/auth/register", Key: s.Publishable, Body: pairs(
				"email", "ada@example.com", "password", phrase, "invitationCode", state.(invite.Issued).Code)})
		},
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			issued := state.(invite.Issued)
			again := s.Do(t, dialecttest.Request{Path: "/auth/register", Key: s.Publishable, Body: pairs(
				"email", "ada@example.com", "password", phrase, "invitationCode", issued.Code)})
			if ok := again.Status == 201 || again.Code() == "email_exists" || again.Code() == "invitation_used_up"; !ok {
				t.Errorf("registering again: %d %s", again.Status, again.Body)
			}
			s.Login(t, "ada@example.com", phrase)
			inv, err := s.App.Store.Invitation(t.Context(), issued.ID)
			if err != nil || inv.Confirmed() != 1 || inv.Left != 0 || len(inv.Uses) != 1 {
				t.Errorf("the invitation is %+v (%v), want one use, confirmed", inv.Uses, err)
			}
			other := s.Do(t, dialecttest.Request{Path: "/auth/register", Key: s.Publishable, Body: pairs(
				"email", "bob@example.com", "password", phrase, "invitationCode", issued.Code)})
			if other.Status != 409 {
				t.Errorf("a second account: %d %s", other.Status, other.Body)
			}
		},
	},
	"changing a password": {
		prepare: func(t *testing.T, s *dialecttest.Server) any { return s.Register(t, "ada@example.com", phrase) },
		act: func(_ *testing.T, s *dialecttest.Server, state any) {
			try(s, dialecttest.Request{Path: "/auth/changePassword", Bearer: state.(dialecttest.Authorization).AccessToken, Body: pairs(
				"currentPassword", phrase, "newPassword", "another long phrase")})
		},
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			login := func(password string) int {
				return s.Do(t, dialecttest.Request{Path: "/auth/login", Key: s.Publishable, Body: pairs("email", "ada@example.com", "password", password)}).Status
			}
			before, after := login(phrase), login("another long phrase")
			session := s.Me(t, state.(dialecttest.Authorization).AccessToken)
			switch {
			case before == 200 && after == 401 && session == 200: // nothing happened
			case before == 401 && after == 200 && session == 401: // all of it did
			default:
				t.Errorf("old password %d, new password %d, old session %d", before, after, session)
			}
		},
	},
	"deleting an account": {
		prepare: func(t *testing.T, s *dialecttest.Server) any { return s.Register(t, "ada@example.com", phrase) },
		act: func(_ *testing.T, s *dialecttest.Server, state any) {
			try(s, dialecttest.Request{Method: "DELETE", Path: "/auth/me", Bearer: state.(dialecttest.Authorization).AccessToken, Body: pairs("currentPassword", phrase)})
		},
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			a := state.(dialecttest.Authorization)
			session := s.Me(t, a.AccessToken)
			login := s.Do(t, dialecttest.Request{Path: "/auth/login", Key: s.Publishable, Body: pairs("email", "ada@example.com", "password", phrase)}).Status
			if session != login {
				t.Errorf("half deleted: the session is answered %d, the password %d", session, login)
			}
			if login == 401 {
				s.Register(t, "ada@example.com", phrase)
			}
		},
	},
	"signing out everywhere": {
		prepare: func(t *testing.T, s *dialecttest.Server) any {
			s.Register(t, "ada@example.com", phrase)
			return []dialecttest.Authorization{s.Login(t, "ada@example.com", phrase), s.Login(t, "ada@example.com", phrase)}
		},
		act: func(_ *testing.T, s *dialecttest.Server, state any) {
			try(s, dialecttest.Request{Path: "/auth/logout", Bearer: state.([]dialecttest.Authorization)[0].AccessToken, Body: `{"scope":"all"}`})
		},
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			both := state.([]dialecttest.Authorization)
			if a, b := s.Me(t, both[0].AccessToken), s.Me(t, both[1].AccessToken); a != b {
				t.Errorf("one session is answered %d, the other %d", a, b)
			}
		},
	},
	"refreshing": {
		prepare: func(t *testing.T, s *dialecttest.Server) any { return s.Register(t, "ada@example.com", phrase) },
		act: func(_ *testing.T, s *dialecttest.Server, state any) {
			try(s, dialecttest.Request{Path: "/auth/refreshToken", Body: pairs("refreshToken", state.(dialecttest.Authorization).RefreshToken)})
		},
		check: func(t *testing.T, s *dialecttest.Server, state any) {
			again := s.Do(t, dialecttest.Request{Path: "/auth/refreshToken", Body: pairs("refreshToken", state.(dialecttest.Authorization).RefreshToken)})
			if again.Status != 200 && again.Code() != "token_reused" {
				t.Errorf("refreshing again: %d %s", again.Status, again.Body)
			}
		},
	},
}

// TestACrashNeitherLosesNorDoubles stops a node before and after each of its writes and looks
// at what another one finds a little more than a minute later.
func TestACrashNeitherLosesNorDoubles(t *testing.T) { crashes(t, flows) }

func crashes(t *testing.T, flows map[string]flow) {
	t.Helper()
	dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
		for name, f := range flows {
			t.Run(name, func(t *testing.T) {
				t.Parallel() // each has a store of its own, and waits for it most of the time
				total := crash(t, fresh(t), f, -1, false)
				for n := range total + 1 {
					for _, lose := range []bool{false, true} {
						if n == 0 && lose {
							continue
						}
						t.Run(fmt.Sprintf("after %d writes, answer lost %t", n, lose), func(t *testing.T) { crash(t, fresh(t), f, n, lose) })
					}
				}
			})
		}
	})
}

// crash runs one flow on a node that dies after n writes; with n < 0 it lives. It returns how
// many writes the flow and its consequences took.
func crash(t *testing.T, open dialecttest.Opener, f flow, n int, lose bool) int {
	t.Helper()
	healthy := dialecttest.Start(t, open, dialecttest.Options{Env: f.env})
	dialecttest.QuickPasswords(healthy)
	state := f.prepare(t, healthy)
	healthy.Settle(t)
	var stopper *dialecttest.Stopper
	dying := healthy.NodeWith(t, func(db store.Store) store.Store {
		stopper = &dialecttest.Stopper{Store: db}
		return stopper
	})
	dialecttest.QuickPasswords(dying)
	if n < 0 {
		n = 1 << 20
	}
	stopper.Stop(n, lose)
	f.act(t, dying, state)
	_, _ = dying.App.Relay.Drain(t.Context()) // it may be dead by now
	writes := stopper.Writes()
	stopper.Stop(0, false)

	healthy.Clock.Advance(store.ClaimTimeout + 2*time.Second)
	after := healthy.Node(t)
	dialecttest.QuickPasswords(after)
	after.Settle(t)
	if _, err := after.App.Invites.Repair(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := after.App.Store.Sweep(t.Context(), after.Clock.Now()); err != nil {
		t.Fatal(err)
	}
	f.check(t, after, state)
	after.Settle(t)
	noDoubles(t, after)
	return writes
}

// noDoubles verifies the audit chain and that no event is in it twice.
func noDoubles(t *testing.T, s *dialecttest.Server) {
	t.Helper()
	report, err := s.App.Audit.Verify(t.Context())
	if err != nil || !report.OK {
		t.Fatalf("the audit chain: %+v (%v)", report, err)
	}
	var out strings.Builder
	if err := s.App.Audit.Export(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	lines := bufio.NewScanner(strings.NewReader(out.String()))
	for lines.Scan() {
		var entry struct {
			Event struct{ ID, Type string }
		}
		if err := json.Unmarshal(lines.Bytes(), &entry); err != nil {
			t.Fatal(err)
		}
		if seen[entry.Event.ID] {
			t.Errorf("%s is in the audit log twice", entry.Event.Type)
		}
		seen[entry.Event.ID] = true
	}
}
