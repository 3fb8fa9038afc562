package flowless_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

const grace = 30 * time.Second // the default

// opened is the answer to whoever gets an id.
type opened struct {
	SessionID string
	Expires   time.Time
}

// openedBy reads it in either spelling.
func openedBy(t *testing.T, r dialecttest.Response) opened {
	t.Helper()
	var got struct {
		ID         string    `json:"session_id"`
		IDToo      string    `json:"sessionId"`
		Expires    time.Time `json:"expires_at"`
		ExpiresToo time.Time `json:"expiresAt"`
	}
	if r.JSON(t, &got); got.ID == "" {
		return opened{got.IDToo, got.ExpiresToo}
	}
	return opened{got.ID, got.Expires}
}

// login sends a sign-in with more besides, and returns the id it answers.
func login(t *testing.T, s *dialecttest.Server, p person, more dialecttest.Request) string {
	t.Helper()
	r := s.Do(t, dialecttest.Request{
		Path: "/flowless/auth/login" + more.Path, ID: more.ID, Header: more.Header,
		Body: body(object{"email": p.email, "password": p.password}),
	})
	got := openedBy(t, r)
	if r.Status != http.StatusOK || got.SessionID == "" {
		t.Fatalf("got %d %s", r.Status, r.Body)
	}
	return got.SessionID
}

// renewal exchanges an id for its next one.
func renewal(id string) dialecttest.Request {
	return dialecttest.Request{Method: http.MethodPost, Path: "/flowless/auth/refresh", ID: id}
}

func renewed(t *testing.T, s *dialecttest.Server, id string) opened {
	t.Helper()
	r := s.Do(t, renewal(id))
	got := openedBy(t, r)
	if r.Status != http.StatusOK || got.SessionID == "" {
		t.Fatalf("got %d %s", r.Status, r.Body)
	}
	return got
}

func TestAnAttackerCannotChooseTheIDOfASession(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		dialecttest.QuickPasswords(s)
		ada, eve := newPerson(t, s, "ada@example.com", identity.Customer), newPerson(t, s, "eve@example.com", identity.Customer)
		ended := login(t, s, eve, dialecttest.Request{})
		s.Do(t, dialecttest.Request{Method: http.MethodPost, Path: "/flowless/auth/logout", ID: ended})
		own := login(t, s, eve, dialecttest.Request{})
		for name, chosen := range map[string]string{
			"a made-up one":      "ses_" + opaque.Random(identity.SessionIDLength) + ".1." + opaque.Random(43),
			"a simple one":       "ses_chosen",
			"one that has ended": ended,
			"the attacker's own": own,
		} {
			for place, more := range map[string]dialecttest.Request{
				"in the header":           {ID: chosen},
				"in the query":            {Path: "?session_id=" + chosen},
				"in the query, otherwise": {Path: "?sessionId=" + chosen},
				"in a cookie":             {Header: map[string]string{"Cookie": "session_id=" + chosen}},
				"in every place":          {Path: "?session_id=" + chosen, ID: chosen, Header: map[string]string{"Cookie": "session_id=" + chosen}},
			} {
				t.Run(name+" "+place, func(t *testing.T) {
					got := login(t, s, ada, more)
					if got == chosen || s.FlowlessMe(t, got) != http.StatusOK {
						t.Errorf("the session that was opened is held by %s", got)
					}
					r := s.Do(t, dialecttest.Request{Path: "/flowless/auth/me", ID: chosen})
					if chosen == own {
						if r.Status != http.StatusOK || strings.Contains(r.Body, ada.id) {
							t.Errorf("the attacker's session is now: %d %s", r.Status, r.Body)
						}
					} else if r.Status != http.StatusUnauthorized {
						t.Errorf("the chosen id is answered %d %s", r.Status, r.Body)
					}
				})
			}
		}
		r := s.Do(t, dialecttest.Request{Path: "/flowless/auth/login", Body: body(object{"email": ada.email, "password": ada.password, "sessionId": "ses_chosen"})})
		got := openedBy(t, r)
		if r.Status == http.StatusOK && got.SessionID == "ses_chosen" || s.FlowlessMe(t, "ses_chosen") != http.StatusUnauthorized {
			t.Errorf("an id in the body is adopted: %s", r.Body)
		}
	})
}

func TestTheIDOfASessionChangesWhenItsHolderProvesThemselves(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{})
	dialecttest.QuickPasswords(s)
	ada := newPerson(t, s, "ada@example.com", identity.Customer)
	first := login(t, s, ada, dialecttest.Request{})
	second := login(t, s, ada, dialecttest.Request{ID: first})
	if first == second || s.FlowlessMe(t, first) != http.StatusOK {
		t.Error("signing in again is no session of its own")
	}
	r := s.Do(t, dialecttest.Request{Path: "/flowless/auth/password-change/self", ID: second, Body: body(object{"currentPassword": ada.password, "newPassword": newPassword})})
	changed := openedBy(t, r)
	if r.Status != http.StatusOK || handleOf(changed.SessionID) == handleOf(second) || s.FlowlessMe(t, changed.SessionID) != http.StatusOK {
		t.Errorf("after the password: %d %s", r.Status, r.Body)
	}
	if s.FlowlessMe(t, first) != http.StatusUnauthorized || s.FlowlessMe(t, second) != http.StatusUnauthorized {
		t.Error("ids from before the password's change are good")
	}
}

func TestAnIDIsGoodForAShortWhileAfterItsRenewal(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		nodes := []*dialecttest.Server{s, s.Node(t)}
		dialecttest.QuickPasswords(nodes...)
		ada := newPerson(t, s, "ada@example.com", identity.Customer)
		first := login(t, s, ada, dialecttest.Request{})
		second := renewed(t, s, first).SessionID
		s.Clock.Advance(grace)
		for _, n := range nodes {
			if got := n.FlowlessMe(t, first); got != http.StatusOK {
				t.Errorf("the previous id within the grace: %d", got)
			}
			if got := renewed(t, n, first).SessionID; got != second {
				t.Errorf("the previous id is renewed to %s, not to the same %s", got, second)
			}
		}
		s.Clock.Advance(time.Millisecond)
		if r := nodes[1].Do(t, dialecttest.Request{Path: "/flowless/auth/me", ID: first}); r.Status != http.StatusUnauthorized || r.FlowlessError(t) != "Invalid session" {
			t.Errorf("the previous id after the grace: %d %s", r.Status, r.Body)
		}
		if got := s.FlowlessMe(t, second); got != http.StatusOK {
			t.Fatalf("reading with a spent id has ended the session: %d", got)
		}
		if r := nodes[1].Do(t, renewal(first)); r.Status != http.StatusUnauthorized || r.FlowlessError(t) != "Invalid session" {
			t.Errorf("the previous id renewed after the grace: %d %s", r.Status, r.Body)
		}
		over(t, nodes, "a session whose spent id was replayed", held{by: "flowless", access: second, renew: second})
		s.Settle(t)
		if n := len(s.Letters.All()); n != 1 {
			t.Errorf("its owner got %d mails", n)
		}
	})
}

func TestASpentIDFromAnotherClientIsTheft(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{})
	dialecttest.QuickPasswords(s)
	ada := newPerson(t, s, "ada@example.com", identity.Customer)
	first := login(t, s, ada, dialecttest.Request{})
	second := renewed(t, s, first).SessionID
	third := renewed(t, s, second).SessionID
	if r := s.Do(t, renewal(first)); r.Status != http.StatusUnauthorized {
		t.Errorf("the one before the previous one: %d %s", r.Status, r.Body)
	}
	over(t, []*dialecttest.Server{s}, "its session", held{by: "flowless", access: third, renew: third})
	first = login(t, s, ada, dialecttest.Request{})
	second = renewed(t, s, first).SessionID
	thief := renewal(first)
	thief.Header = map[string]string{"User-Agent": "curl/8.0"}
	if r := s.Do(t, thief); r.Status != http.StatusUnauthorized || strings.Contains(r.Body, "ses_") {
		t.Errorf("the previous one from elsewhere: %d %s", r.Status, r.Body)
	}
	over(t, []*dialecttest.Server{s}, "its session", held{by: "flowless", access: second, renew: second})
}

func TestParallelRenewalsOfAnIDGetOneSuccessor(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := dialecttest.Start(t, open, dialecttest.Options{})
		two := []*dialecttest.Server{s, s.Node(t)}
		dialecttest.QuickPasswords(two...)
		for name, nodes := range map[string][]*dialecttest.Server{"on one node": two[:1], "on two nodes": two} {
			t.Run(name, func(t *testing.T) {
				ada := newPerson(t, s, strings.ReplaceAll(name, " ", ".")+"@example.com", identity.Customer)
				id := login(t, s, ada, dialecttest.Request{})
				for range 3 {
					next := stampede(t, nodes, 50, id)
					lives(t, nodes, "the session", held{by: "flowless", access: next, renew: next})
					id = next
				}
				u, err := s.App.Accounts.Find(t.Context(), ada.id)
				if err != nil {
					t.Fatal(err)
				}
				all, err := s.App.Sessions.List(t.Context(), identity.Actor{User: &u})
				if err != nil || len(all) != 1 {
					t.Errorf("there are %d sessions (%v)", len(all), err)
				}
			})
		}
	})
}

// stampede renews an id n times at once, spread over the nodes, and returns the one id that
// everybody must get. Whoever is told to come back does.
func stampede(t *testing.T, nodes []*dialecttest.Server, n int, id string) string {
	t.Helper()
	answers := make([]dialecttest.Response, n)
	dialecttest.Together(n, func(i int) {
		for range 10 {
			r, err := nodes[i%len(nodes)].Try(renewal(id))
			if err != nil {
				t.Error(err)
			}
			if answers[i] = r; r.Status != http.StatusServiceUnavailable {
				return
			}
		}
	})
	next := ""
	for _, r := range answers {
		got := openedBy(t, r)
		if r.Status != http.StatusOK || next != "" && got.SessionID != next || got.SessionID == id {
			t.Fatalf("%d %s beside %s", r.Status, r.Body, next)
		}
		next = got.SessionID
	}
	return next
}

func TestAForgedIDHasNoEffect(t *testing.T) {
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{})
	dialecttest.QuickPasswords(s)
	ada, bob := newPerson(t, s, "ada@example.com", identity.Customer), newPerson(t, s, "bob@example.com", identity.Customer)
	id, other := login(t, s, ada, dialecttest.Request{}), login(t, s, bob, dialecttest.Request{})
	mac := id[strings.LastIndexByte(id, '.'):]
	forged := []string{
		"ses_" + handleOf(id), "ses_" + handleOf(id) + ".1.", id + "x", id[:len(id)-1], strings.ToUpper(id), id + "=", id + " " + id,
		"ses_" + handleOf(id) + ".2" + mac, "ses_" + handleOf(id) + ".0" + mac, "ses_" + handleOf(id) + ".01" + mac,
		"ses_" + handleOf(id) + other[strings.IndexByte(other, '.'):], "rt_" + strings.TrimPrefix(id, "ses_"),
	}
	for range 200 {
		forged = append(forged, id[:len(id)-43]+opaque.Random(43), "ses_"+handleOf(id)+".2."+opaque.Random(43))
	}
	for _, f := range forged {
		if got := s.FlowlessMe(t, f); got != http.StatusUnauthorized {
			t.Errorf("%s is answered %d", f, got)
		}
		if r := s.Do(t, renewal(f)); r.Status != http.StatusUnauthorized {
			t.Errorf("%s is renewed: %d %s", f, r.Status, r.Body)
		}
	}
	if renewed(t, s, id).SessionID == "" {
		t.Error("the session was ended")
	}
}
