package storetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func fidelity() []promise {
	return []promise{
		{"every field of a user survives", fullUserSurvives},
		{"every field of a session survives", fullSessionSurvives},
		{"every field of an invitation survives", fullInvitationSurvives},
		{"every field of an API key survives", fullAPIKeySurvives},
		{"every field of an audit entry survives", fullAuditEntrySurvives},
		{"every field of a consequence survives", fullConsequenceSurvives},
		{"every field of the key set survives", fullKeySetSurvives},
		{"fields that are zero stay zero, times too", zeroStaysZero},
		{"times come back in UTC with millisecond precision from every read", timesAreUTC},
		{"odd strings survive in every text field", oddStringsSurvive},
		{"a caller may change what it wrote or read without changing what is stored", nothingIsShared},
	}
}

// full ends the check when a sample has a zero field, which would then go unchecked.
func (k *kit) full(sample any) {
	k.Helper()
	if names := zeroFields(sample); len(names) > 0 {
		k.Fatalf("the sample leaves fields zero: %q; give each a value in samples_full.go", names)
	}
}

func fullUserSurvives(k *kit) {
	want := fullUser()
	k.full(want)
	k.createUser(want)
	k.equal("the user by id", k.user(want.ID), want)
	for _, name := range want.Identifiers {
		got, err := k.s.UserByIdentifier(k.ctx, name)
		k.ok(err)
		k.equal("the user by name", got, want)
	}
	list, err := k.s.Users(k.ctx, "", 5)
	k.ok(err)
	k.equal("the users listed", list, []identity.User{want})
}

func fullSessionSurvives(k *kit) {
	want := fullSession()
	k.full(want)
	k.start(want)
	k.equal("the session by id", k.session(want.ID), want)
	want.ID, want.EndedAt, want.EndReason = "live", time.Time{}, ""
	k.start(want)
	list, err := k.s.UserSessions(k.ctx, want.UserID, at(0))
	k.ok(err)
	k.equal("the sessions of the user", list, []identity.Session{want})
}

func fullInvitationSurvives(k *kit) {
	want := fullInvitation()
	k.full(want)
	k.invite(want)
	k.equal("the invitation by id", k.invitation(want.ID), want)
	list, err := k.s.Invitations(k.ctx, store.InvitationFilter{Now: at(0), Limit: 5})
	k.ok(err)
	k.equal("the invitations listed", list, []identity.Invitation{want})
	list, err = k.s.StaleUses(k.ctx, at(time.Hour), 5)
	k.ok(err)
	k.equal("the invitations with stale uses", list, []identity.Invitation{want})
}

func fullAPIKeySurvives(k *kit) {
	want := fullAPIKey()
	k.full(want)
	k.issue(want)
	k.equal("the key by id", k.apiKey(want.ID), want)
	list, err := k.s.APIKeys(k.ctx)
	k.ok(err)
	k.equal("the keys listed", list, []identity.APIKey{want})
}

func fullAuditEntrySurvives(k *kit) {
	want := fullAuditEntry()
	k.full(want)
	k.appendLog([]identity.AuditEntry{want})
	k.equal("the last entry", k.lastAudit(), want)
	k.equal("the log", k.log(), []identity.AuditEntry{want})
}

func fullConsequenceSurvives(k *kit) {
	want := fullConsequence()
	k.full(want)
	of := func(id string) identity.Consequence {
		c := want
		c.ID = id
		return c
	}
	k.createUser(newUser("u"), of("a"), of("b"))
	k.ok(k.s.Record(k.ctx, of("c")))
	due := k.claim(at(0))
	k.equal("how many are due", len(due), 3)
	for n, id := range []string{"a", "b", "c"} {
		c := of(id)
		c.Attempts, c.DueAt = c.Attempts+1, due[n].DueAt
		k.equal("the consequence", due[n].Consequence, c)
	}
}

func fullKeySetSurvives(k *kit) {
	want := fullKeySet()
	k.full(want)
	k.ok(k.s.SwapKeySet(k.ctx, 0, want.Data))
	k.equal("the key set", k.keySet(), want)
}

func zeroStaysZero(k *kit) {
	u := identity.User{ID: "u", Rev: 1}
	k.createUser(u)
	k.equal("the user", k.user("u"), u)
	s := identity.Session{ID: "s"}
	k.start(s)
	k.equal("the session", k.session("s"), s)
	i := identity.Invitation{ID: "i"}
	k.invite(i)
	k.equal("the invitation", k.invitation("i"), i)
	a := identity.APIKey{ID: "k"}
	k.issue(a)
	k.equal("the key", k.apiKey("k"), a)
	e := identity.AuditEntry{Seq: 1, ID: "e"}
	k.appendLog([]identity.AuditEntry{e})
	k.equal("the entry", k.lastAudit(), e)

	k.createUser(fullUser())
	u = identity.User{ID: "full", Rev: 1}
	k.ok(k.s.UpdateUser(k.ctx, u))
	u.Rev = 2
	k.equal("the user who was emptied", k.user("full"), u)
}

func timesAreUTC(k *kit) {
	k.createUser(fullUser())
	k.start(fullSession())
	live := newSession("live", "u")
	k.start(live)
	k.invite(fullInvitation(), newInvitation("i", 1))
	k.issue(fullAPIKey())
	k.ok(k.s.Record(k.ctx, fullConsequence()))
	byName, err := k.s.UserByIdentifier(k.ctx, fullUser().Identifiers[0])
	k.ok(err)
	listed, err := k.s.Users(k.ctx, "", 5)
	k.ok(err)
	sessions, err := k.s.UserSessions(k.ctx, "u", at(0))
	k.ok(err)
	invitations, err := k.s.Invitations(k.ctx, store.InvitationFilter{Now: at(0), Limit: 5})
	k.ok(err)
	stale, err := k.s.StaleUses(k.ctx, at(time.Hour), 5)
	k.ok(err)
	again, err := k.s.ReissueInvitation(k.ctx, "i", codeOf("i"), at(0), at(time.Hour))
	k.ok(err)
	keys, err := k.s.APIKeys(k.ctx)
	k.ok(err)
	counts := k.hit(at(0), counter("a"))
	count, err := k.s.Peek(k.ctx, at(0), counter("a"))
	k.ok(err)
	for _, read := range []any{
		k.user("full"), byName, listed, k.session("full"), sessions, k.invitation("full"), invitations, stale,
		again, k.reserve("i", "u"), k.apiKey("full"), keys, counts, count, k.claim(at(0)),
	} {
		if names := foreignTimes(read); len(names) > 0 {
			k.Errorf("times that are not in UTC or not of whole milliseconds: %q", names)
		}
	}
}

func oddStrings() []string {
	return []string{
		`it's "quoted" \ back\\slash`, "'; DROP TABLE users; --", `{"$gt":""}`, "$set", "a.b.$[].c", "%_%s%n*?",
		"two\nlines\r\n\tand a tab", "\x01\x1f\x7f", " before and after ", "👩‍👩‍👧‍👦 🇩🇪", "עברית \u202e right to left",
		"e\u0301 is not \u00e9", "\u2028\u2029\ufeff\ufffd\uffff\U0010ffff", "0", "-0", "1e5", "null", "true", "0x10", "<b>&amp;</b>",
		strings.Repeat("ü", 300),
	}
}

// written returns sample with s in every text field.
func written[T any](sample T, s string) T {
	v := reflect.ValueOf(&sample).Elem()
	fill(v, s)
	return sample
}

func fill(v reflect.Value, s string) {
	switch v.Kind() { //nolint:exhaustive // no other kind holds text here
	case reflect.String:
		v.SetString(s)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), s)
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[json.RawMessage]() {
			raw, _ := json.Marshal(map[string]string{s: s}) // text always marshals
			v.SetBytes(raw)
			return
		}
		if v.Type().Elem().Kind() != reflect.Uint8 {
			v.Set(v.Slice(0, 1)) // two of them would now be equal
			fill(v.Index(0), s)
		}
	default:
	}
}

func oddStringsSurvive(k *kit) {
	for n, s := range oddStrings() {
		u := written(fullUser(), s)
		k.createUser(u)
		k.equal("the user", k.user(s), u)
		k.holds(s, identity.Identifier{Kind: identity.IdentifierKind(s), Value: s})

		session := written(fullSession(), s)
		k.start(session)
		k.equal("the session", k.session(s), session)

		i := written(fullInvitation(), s)
		k.invite(i)
		k.equal("the invitation", k.invitation(s), i)

		a := written(fullAPIKey(), s)
		k.issue(a)
		k.equal("the key", k.apiKey(s), a)

		c := written(fullConsequence(), s)
		k.ok(k.s.Record(k.ctx, c))
		due := k.claim(at(time.Duration(n) * time.Millisecond))
		k.equal("how many are due", len(due), 1)
		c.Attempts, c.DueAt = c.Attempts+1, due[0].DueAt
		k.equal("the consequence", due[0].Consequence, c)

		e := written(fullAuditEntry(), s)
		e.Seq = int64(n + 1)
		k.appendLog([]identity.AuditEntry{e})
		held, err := k.s.AuditRecorded(k.ctx, s)
		k.ok(err)
		k.equal(fmt.Sprintf("whether the log holds %q", s), held[s], true)
		k.equal("the entry", k.lastAudit(), e)
	}
}

func nothingIsShared(k *kit) {
	u, s, i, a := fullUser(), fullSession(), fullInvitation(), fullAPIKey()
	c, data := follows("c"), []byte("data")
	k.createUser(u, c)
	k.start(s)
	k.invite(i)
	k.issue(a)
	k.ok(k.s.SwapKeySet(k.ctx, 0, data))
	u.Identifiers[0].Value, s.Secret[0], i.Uses[0].UserID, a.Scopes[0], c.Data[2], data[0] = "x", 99, "x", "x", 'x', 'x'
	for range 2 {
		gu, gs, gi, ga, set := k.user("full"), k.session("full"), k.invitation("full"), k.apiKey("full"), k.keySet()
		k.equal("the user", gu, fullUser())
		k.equal("the session", gs, fullSession())
		k.equal("the invitation", gi, fullInvitation())
		k.equal("the key", ga, fullAPIKey())
		k.equal("the key set", set.Data, []byte("data"))
		gu.Identifiers[0].Value, gs.Secret[0], gi.Uses[0].UserID, ga.Scopes[0], set.Data[0] = "x", 99, "x", "x", 'x'
	}
	k.equal("the data of the consequence", k.claim(at(0))[0].Data, follows("c").Data)
}
