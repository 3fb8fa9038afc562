package arguflow_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/audit"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// cookieOf returns the one cookie that an answer sets.
func cookieOf(t *testing.T, r response) *http.Cookie {
	t.Helper()
	set := (&http.Response{Header: r.Header}).Cookies()
	if r.Status != 204 || len(set) != 1 {
		t.Fatalf("got %d %s, setting %q", r.Status, r.Body, r.Header["Set-Cookie"])
	}
	return set[0]
}

func signIn() request {
	return request{Path: "/api/auth", Body: body("email", ada, "password", phrase)}
}

// TestTheCookieIsSetAndClearedAlike looks at every attribute (OWASP ASVS 3.3.1 to 3.3.5).
func TestTheCookieIsSetAndClearedAlike(t *testing.T) {
	for _, c := range []struct {
		name   string
		env    []string
		cookie string
		secure bool
	}{
		{"on http", nil, "ai-editor", false},
		{"on https", []string{"GATEHOUSE_PUBLIC_URL=https://id.example.com"}, "ai-editor", true},
		{"under another name", []string{"GATEHOUSE_ARGUFLOW_COOKIE=vault"}, "vault", false},
		{"for one host alone", []string{"GATEHOUSE_PUBLIC_URL=https://id.example.com", "GATEHOUSE_ARGUFLOW_COOKIE=__Host-ai-editor"}, "__Host-ai-editor", true},
		{"for a shorter time", []string{"GATEHOUSE_SESSION_ID_TTL=2h"}, "ai-editor", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := start(t, dialecttest.SQLite(t), c.env...)
			newUser(t, s, ada)
			life := 7 * 24 * time.Hour
			if c.name == "for a shorter time" {
				life = 2 * time.Hour
			}
			in := s.Do(t, signIn())
			set := cookieOf(t, in)
			want := http.Cookie{
				Name: c.cookie, Value: set.Value, Path: "/", Expires: s.Clock.Now().Add(life).Truncate(time.Second), RawExpires: set.RawExpires,
				MaxAge: int(life / time.Second), HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode, Raw: set.Raw,
			}
			if diff := cmp.Diff(want, *set); diff != "" {
				t.Errorf("signing in sets (-want +got):\n%s", diff)
			}
			if strings.Contains(in.Body, set.Value) {
				t.Error("the answer tells scripts the id")
			}
			held := func(q request) request {
				q.Header = map[string]string{"Cookie": c.cookie + "=" + set.Value}
				return q
			}
			must(t, s, held(request{Path: "/api/auth"}), 200)
			if c.cookie != "ai-editor" {
				must(t, s, request{Path: "/api/auth"}.ByCookie(set.Value), 401)
			}
			for _, out := range []request{held(request{Method: "DELETE", Path: "/api/auth"}), {Method: "DELETE", Path: "/api/auth"}} { // with it, and without one
				cleared := cookieOf(t, s.Do(t, out))
				want := http.Cookie{
					Name: c.cookie, Path: "/", Expires: time.Unix(0, 0).UTC(), RawExpires: cleared.RawExpires,
					MaxAge: -1, HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode, Raw: cleared.Raw,
				}
				if diff := cmp.Diff(want, *cleared); diff != "" {
					t.Errorf("signing out sets (-want +got):\n%s", diff)
				}
			}
			must(t, s, held(request{Path: "/api/auth"}), 401)
		})
	}
}

// TestOnlyTheCookieOfASessionOpensAnything sends cookies as no browser that we set one in would.
func TestOnlyTheCookieOfASessionOpensAnything(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		good := signedIn(t, s, ada)
		native := s.Login(t, ada, phrase)
		flowless := s.FlowlessLogin(t, ada, phrase)
		var crowd []string
		for i := range 100 {
			crowd = append(crowd, fmt.Sprintf("c%d=%d", i, i))
		}
		others := strings.Join(crowd, "; ")
		for _, c := range []struct {
			name, cookie string
			status       int
		}{
			{"the cookie", "ai-editor=" + good, 200},
			{"the id of a session of another dialect", "ai-editor=" + flowless.ID, 200},
			{"in quotes", `ai-editor="` + good + `"`, 200}, // RFC 6265 section 4.1.1 has them around a value
			{"before a hundred others", "ai-editor=" + good + "; " + others, 200},
			{"behind a hundred others", others + "; ai-editor=" + good, 200},
			{"beside ones that look like it", "AI-Editor=x; ai-editor2=x; xai-editor=x; ai-editor=" + good, 200},
			{"twice", "ai-editor=" + good + "; ai-editor=" + good, 400},
			{"beside another value", "ai-editor=" + good + "; ai-editor=x", 400},
			{"behind another value", "ai-editor=x; ai-editor=" + good, 400},
			{"beside an empty one", "ai-editor=; ai-editor=" + good, 400},
			{"a hundred times", strings.Repeat("ai-editor="+good+"; ", 99) + "ai-editor=x", 400},
			{"empty", "ai-editor=", 401},
			{"without a value", "ai-editor", 401},
			{"with empty quotes", `ai-editor=""`, 401},
			{"half in quotes", `ai-editor="` + good, 401},
			{"in capitals", "AI-EDITOR=" + good, 401},
			{"an access token", "ai-editor=" + native.AccessToken, 401},
			{"a refresh token", "ai-editor=" + native.RefreshToken, 401},
			{"a publishable key", "ai-editor=" + s.Publishable, 401},
			{"a secret key", "ai-editor=" + s.Secret, 401},
			{"the handle", "ai-editor=" + strings.Split(strings.TrimPrefix(good, "ses_"), ".")[0], 401},
			{"an id with a letter more", "ai-editor=" + good + "x", 401},
			{"an id with a letter less", "ai-editor=" + good[:len(good)-1], 401},
			{"an id in small letters", "ai-editor=" + strings.ToLower(good), 401},
			{"an overlong one", "ai-editor=" + good + strings.Repeat("x", 8000), 401},
			{"letters that no cookie has", "ai-editor=\xff\xfe", 401},
			{"a name behind a space that browsers keep", "\u2000ai-editor=" + good, 401},
			{"a name before one", "ai-editor\u00a0=" + good, 401},
		} {
			t.Run(c.name, func(t *testing.T) {
				for _, q := range []request{{Path: "/api/auth"}, {Method: "PUT", Path: "/api/user", Body: `{"visible_email":true}`}} {
					q.Header = map[string]string{"Cookie": c.cookie}
					r := must(t, s, q, c.status)
					if c.status == 400 && r.ArguflowError(t) != "The request carries two session cookies; delete the cookies of this site and sign in again" {
						t.Errorf("got %s", r.Body)
					}
				}
			})
		}
		two := request{Path: "/api/auth", Header: map[string]string{}}
		raw := "GET /api/auth HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: ai-editor=" + good + "\r\nCookie: ai-editor=x\r\n\r\n"
		if r := s.Raw(t, raw); r.Status != 400 {
			t.Errorf("in two headers: %d %s", r.Status, r.Body)
		}
		for _, header := range []map[string]string{
			{"Authorization": "Bearer " + native.AccessToken}, {"Authorization": "Bearer " + good}, {"X-Session-ID": good}, {"Cookie": "session_id=" + good},
		} { // of the other dialects
			two.Header = header
			must(t, s, two, 401)
		}
		must(t, s, request{Path: "/api/auth?session_id=" + good + "&ai-editor=" + good}, 401)
		for _, public := range []request{ // where nobody in particular is asked for, two are too many all the same
			{Path: "/api/invitation", Body: body("email", bob)}, signIn(), {Method: "DELETE", Path: "/api/auth"}, {Path: "/api/password/" + ada},
			{Path: "/api/password", Body: body("email", ada)}, {Path: "/api/register/x", Body: twice(phrase)}, {Path: "/api/health"},
		} {
			public.Header = map[string]string{"Cookie": "ai-editor=" + good + "; ai-editor=x"}
			must(t, s, public, 400)
		}
		counts(t, s, mail.ResetPassword, ada, 0)
		counts(t, s, mail.Invitation, bob, 0)
		if !alive(t, s, good) {
			t.Error("the session ended by one of these")
		}
	})
}

// TestTheServerBoundsHeaders sends more cookies than a connection takes.
func TestTheServerBoundsHeaders(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	r := s.Do(t, request{Path: "/api/auth", Header: map[string]string{"Cookie": "ai-editor=" + strings.Repeat("x", 2<<20)}})
	if r.Status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("got %d", r.Status)
	}
}

// TestAnIDOfTheClientsChoiceIsNeverTakenOver offers ids to adopt (session fixation).
func TestAnIDOfTheClientsChoiceIsNeverTakenOver(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		newUser(t, s, ada)
		evil := signedIn(t, s, "evil@example.com") // whose cookie somebody planted
		seen := map[string]bool{evil: true}
		for _, chosen := range []string{
			evil, "x", "ses_chosenchosenchosenchosenchosenchosenchosenchosen", strings.Repeat("0", 43), "", evil + "x", s.ArguflowLogin(t, ada, phrase),
		} {
			q := signIn()
			q.Path += "?session_id=" + chosen + "&sessionId=" + chosen
			q.ID = chosen
			set := cookieOf(t, s.Do(t, q.ByCookie(chosen)))
			if set.Value == chosen || seen[set.Value] || !alive(t, s, set.Value) {
				t.Errorf("signing in with %q gives %q", chosen, set.Value)
			}
			seen[set.Value] = true
			if chosen == "x" || strings.HasPrefix(chosen, "ses_chosen") {
				if alive(t, s, chosen) {
					t.Errorf("%q is good", chosen)
				}
			}
		}
		r := must(t, s, request{Path: "/api/auth"}.ByCookie(evil), 200)
		if strings.Contains(r.Body, ada) {
			t.Errorf("the planted session has become Ada's: %s", r.Body)
		}
		body := strings.TrimSuffix(signIn().Body, "}") + `,"sessionId":"` + evil + `"}`
		must(t, s, request{Path: "/api/auth", Body: body}, 400)
	})
}

// TestWhoeverWasInTheBrowserBeforeHasDoneNothing registers Ada and signs her in where Bob is signed
// in, and reads in the audit log who did so.
func TestWhoeverWasInTheBrowserBeforeHasDoneNothing(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		bobs := signedIn(t, s, bob)
		must(t, s, register(invited(t, s, ada), phrase).ByCookie(bobs), 200)
		must(t, s, request{Path: "/api/auth", Body: body("email", ada, "password", another)}.ByCookie(bobs), 400)
		must(t, s, signIn().ByCookie(bobs), 204)
		s.Settle(t)
		entries, err := s.App.Store.AuditEntries(t.Context(), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		by, subject := map[string]string{}, "user:"+stored(t, s, ada).ID
		for _, entry := range entries {
			var e identity.Event
			if err := json.Unmarshal(entry.Event, &e); err != nil {
				t.Fatal(err)
			}
			if e.Subject == subject {
				by[e.Type] = e.Actor
			}
		}
		want := map[string]string{audit.UserRegistered: "anonymous", audit.SignInFailed: "anonymous", audit.SignIn: "anonymous"}
		if diff := cmp.Diff(want, by); diff != "" {
			t.Errorf("who did what to Ada (-want +got):\n%s", diff)
		}
	})
}

// TestSigningOutEndsOneSession ends that of the cookie, and no other.
func TestSigningOutEndsOneSession(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		n := node(t, s)
		first := signedIn(t, s, ada)
		second := n.ArguflowLogin(t, ada, phrase)
		for _, stale := range []string{"x", first, first, ""} { // twice is no error
			q := request{Method: "DELETE", Path: "/api/auth"}.ByCookie(stale)
			if got := cookieOf(t, n.Do(t, q)); got.MaxAge != -1 {
				t.Errorf("signing %q out sets %v", stale, got)
			}
		}
		if alive(t, s, first) || alive(t, n, first) || !alive(t, s, second) || !alive(t, n, second) {
			t.Error("the wrong session ended")
		}
		s.Clock.Advance(7*24*time.Hour - time.Second)
		if !alive(t, s, second) {
			t.Error("the session ended before its cookie")
		}
		s.Clock.Advance(time.Second)
		if alive(t, s, second) {
			t.Error("the session outlives its cookie")
		}
	})
}
