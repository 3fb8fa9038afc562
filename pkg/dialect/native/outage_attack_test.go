package native_test

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

// everyRoute returns one good request to each route that needs the store.
func everyRoute(s *dialecttest.Server, a dialecttest.Authorization, inv invitation) map[string]request {
	out := map[string]request{
		"GET me":                {Path: "/auth/me", Bearer: a.AccessToken},
		"GET sessions":          {Path: "/auth/sessions", Bearer: a.AccessToken},
		"DELETE session":        {Method: http.MethodDelete, Path: "/auth/sessions/" + strings.Repeat("x", 22), Bearer: a.AccessToken},
		"GET invitationCodes":   {Path: "/auth/invitationCodes", Key: s.Secret},
		"resend":                {Method: http.MethodPost, Path: "/auth/invitationCodes/" + inv.ID + "/resend", Key: s.Secret},
		"DELETE invitationCode": {Method: http.MethodDelete, Path: "/auth/invitationCodes/" + inv.ID, Key: s.Secret},
		"register by code":      redeem(s, "guest@example.com", inv.Code),
		"login of nobody":       attempt{email: "nobody@example.com", password: goodPassword}.request(s),
		"a refresh token":       {Path: "/auth/introspect", Key: s.Secret, Body: body("token", a.RefreshToken)},
	}
	for name, f := range forms(s, a) {
		members := maps.Clone(f.strings)
		maps.Copy(members, f.numbers)
		f.Body = dialecttest.JSON(members)
		out[name] = f.request
	}
	return out
}

func TestAnOutageOfTheStoreIsNeverAnAnswer(t *testing.T) {
	for kind, open := range dialecttest.Cuttable() {
		t.Run(kind, func(t *testing.T) {
			opener, cut := open(t)
			s := start(t, opener)
			dialecttest.QuickPasswords(s)
			a := s.Register(t, "ada@example.com", goodPassword)
			inv := inviteOne(t, s, `{"maxUses":5}`)
			s.Run(t, []kase{
				{Name: "before", Request: request{Path: "/auth/me", Bearer: a.AccessToken}, Status: 200},
				{Name: "the list before", Request: request{Path: "/auth/invitationCodes", Key: s.Secret}, Status: 200},
				{Name: "ready before", Request: request{Path: "/readyz"}, Status: 200},
			})
			cut()
			var wg sync.WaitGroup
			for name, q := range everyRoute(s, a, inv) {
				wg.Go(func() {
					r, err := s.Try(q)
					if err != nil {
						t.Error(err)
						return
					}
					outage(t, name, r)
				})
			}
			wg.Wait()
			s.Run(t, []kase{
				{Name: "what is no credential is none", Request: request{Path: "/auth/me", Bearer: "x"}, Status: 401},
				{Name: "what is no refresh token is none", Request: request{Path: "/auth/refreshToken", Body: body("refreshToken", "x")}, Status: 401},
				{Name: "what is no JSON is none", Request: request{Path: "/auth/login", Key: s.Publishable, Body: "{"}, Status: 400},
				{Name: "the key set", Request: request{Path: "/.well-known/jwks.json"}, Status: 200},
				{Name: "it lives", Request: request{Path: "/livez"}, Status: 200},
			})
			s.Clock.Advance(time.Minute) // now API keys and readiness are known by heart no more
			login, ready := attempt{email: "ada@example.com", password: goodPassword}.request(s), request{Path: "/readyz"}
			var answers [2]dialecttest.Response
			dialecttest.Together(2, func(i int) { answers[i], _ = s.Try([]request{login, ready}[i]) })
			outage(t, "an API key that has to be read", answers[0])
			if r := answers[1]; r.Status != 503 || found(anonymous(r).Body, dialecttest.DriverWords()) != nil {
				t.Errorf("it says it is ready: %d %s", r.Status, r.Body)
			}
			if len(found(s.Log.String(), []string{goodPassword, a.RefreshToken, inv.Code})) > 0 {
				t.Error("the log holds a secret")
			}
		})
	}
}

func outage(t *testing.T, name string, r dialecttest.Response) {
	t.Helper()
	if r.Status != 503 || r.Code() == "" {
		t.Errorf("%s: %d %s", name, r.Status, r.Body)
	}
	if seconds, err := strconv.Atoi(r.Header.Get("Retry-After")); err != nil || seconds < 1 {
		t.Errorf("%s: Retry-After is %q", name, r.Header.Get("Retry-After"))
	}
	if leaked := found(anonymous(r).Body, dialecttest.DriverWords()); len(leaked) > 0 { // the request id is made of any letters
		t.Errorf("%s: %q in %s", name, leaked, r.Body)
	}
}

// TestAMistakenRequestGetsOneShapeOfAnswer looks at the answers that are given before any
// route is known, and at those behind it.
func TestAMistakenRequestGetsOneShapeOfAnswer(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	ids := map[string]bool{}
	for i, q := range []request{
		{Path: "/nothing"}, {Path: "/auth//me"}, {Path: "/auth/me"}, {Path: "/auth/me", Bearer: "x"}, {Method: "PUT", Path: "/auth/me"}, {Path: "/auth/login", Key: s.Publishable, Body: "{"},
		{Path: "/auth/login", Key: "x", Body: "{}"}, {Path: "/auth/login", Key: s.Publishable, Body: "x", Type: "text/plain"}, {Path: "/auth/login", Key: s.Publishable, Body: strings.Repeat(" ", 70_000)},
		{Path: "/auth/login", Key: s.Publishable, Body: "x", Type: `multipart/form-data; boundary="`}, {Path: "/auth/me", Header: map[string]string{"Cookie": "a=\";;=;\xff"}},
		{Path: "/auth/introspect", Key: s.Secret, Type: "application/x-www-form-urlencoded", Body: "token=%"}, {Path: "/auth/invitationCodes?%", Key: s.Secret},
		{Path: "/auth/me", Header: map[string]string{"X-Request-Id": "mine"}}, {Method: "DELETE", Path: "/auth/invitationCodes/x", Key: s.NewKey(t, identity.Secret, identity.ScopeInvitationsWrite)},
	} {
		r := s.Do(t, q)
		var p struct {
			Type, Title, Detail, Code, RequestID string
			Status                               int
		}
		r.JSON(t, &p)
		if r.Header.Get("Content-Type") != "application/problem+json" || p.Type != "about:blank" || p.Title != http.StatusText(r.Status) || p.Detail == "" || p.Code == "" || p.Status != r.Status {
			t.Errorf("%d: %s: %s", i, r.Header.Get("Content-Type"), r.Body)
		}
		if len(p.RequestID) < 16 || ids[p.RequestID] || r.Header.Get("X-Request-Id") != p.RequestID {
			t.Errorf("%d: the request is %q in the header and %q in the body", i, r.Header.Get("X-Request-Id"), p.RequestID)
		}
		ids[p.RequestID] = true
		for name, want := range map[string]string{"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
			if got := r.Header.Values(name); fmt.Sprint(got) != "["+want+"]" {
				t.Errorf("%d: %s is %q", i, name, got)
			}
		}
		if challenge := r.Header.Get("Www-Authenticate"); (challenge != "") != (r.Status == 401) {
			t.Errorf("%d: a %d with WWW-Authenticate %q", i, r.Status, challenge)
		}
	}
}
