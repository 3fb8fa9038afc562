package native_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

func TestAnAccessTokenSaysExactlyThis(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), "GATEHOUSE_AUDIENCE=api-1,api-2", "GATEHOUSE_ACCESS_TOKEN_TTL=17m")
	s.Register(t, "Ada@example.com", goodPassword)
	a := s.Login(t, "ada@example.com", goodPassword)
	set := readKeys(t, s)
	kid, _ := s.App.Keys.Signer()
	p := split(t, a.AccessToken)

	if diff := cmp.Diff(map[string]any{"alg": "RS256", "kid": kid, "typ": "at+jwt"}, decoded(t, p.header)); diff != "" {
		t.Errorf("header:\n%s", diff)
	}
	if _, ok := set[kid]; !ok {
		t.Error("it is signed by a key that is not published")
	}
	got := decoded(t, p.payload)
	now := float64(s.Clock.Now().Unix())
	want := map[string]any{
		"iss": "http://localhost:8080", "aud": []any{"api-1", "api-2"}, "sub": a.LocalID,
		"iat": now, "nbf": now, "exp": now + 17*60, "auth_time": now, "amr": []any{"pwd"},
		"email": "Ada@example.com", "email_verified": false, "name": "", "user_type": "customer",
		"jti": got["jti"], "sid": got["sid"],
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claims:\n%s", diff)
	}
	if got["exp"].(float64)-got["iat"].(float64) != float64(a.ExpiresIn) {
		t.Errorf("expiresIn is %d", a.ExpiresIn)
	}
	s.Clock.Advance(1e9)
	again := decoded(t, split(t, s.Refresh(t, a.RefreshToken).AccessToken).payload)
	if again["sid"] != got["sid"] || again["jti"] == got["jti"] || again["auth_time"] != got["auth_time"] || again["iat"] == got["iat"] {
		t.Errorf("after a refresh: %v\nbefore: %v", again, got)
	}
}

// TestTheIssuerIsNeverTakenFromARequest names other hosts in every way a proxy might.
func TestTheIssuerIsNeverTakenFromARequest(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	s.Register(t, "ada@example.com", goodPassword)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/auth/login",
		strings.NewReader(body("email", "ada@example.com", "password", goodPassword)))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "evil.example"
	for name, value := range map[string]string{
		"Content-Type": "application/json", "X-Api-Key": s.Publishable, "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https",
		"Forwarded": "host=evil.example;proto=https", "X-Original-URL": "https://evil.example/",
	} {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var a dialecttest.Authorization
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %v", resp.StatusCode, err)
	}
	if got := decoded(t, split(t, a.AccessToken).payload)["iss"]; got != "http://localhost:8080" {
		t.Errorf("iss is %v", got)
	}
}

// TestEveryTokenThatIsIssuedIsAccepted fills a token with the longest that its claims can be.
func TestEveryTokenThatIsIssuedIsAccepted(t *testing.T) {
	s := start(t, dialecttest.SQLite(t), "GATEHOUSE_AUDIENCE="+strings.Repeat("a", 128))
	host := strings.Repeat("x", 50) + "." + strings.Repeat("y", 50) + "." + strings.Repeat("z", 50) + ".example"
	for name, filler := range map[string]string{"plain": "x", "wide": "\U0001f642", "markup": "<", "quotes": `\"`, "backslashes": `\\`} {
		t.Run(name, func(t *testing.T) {
			const limit = 1000
			claims := `{"a":"` + strings.Repeat(filler, (limit-8)/len(filler)) + `"}`
			r := s.Do(t, request{Path: "/auth/generateInvitationCode", Key: s.Secret, Body: `{"claims":` + claims + `}`})
			var made struct{ InvitationCodes []struct{ Code string } }
			if r.JSON(t, &made); r.Status != 201 {
				t.Fatalf("%d %s", r.Status, r.Body)
			}
			long := strings.Repeat(filler, 64)
			r = s.Do(t, request{Path: "/auth/register", Key: s.Publishable, Body: `{"email":"` + strings.Repeat("&", 64) + "@" + name + "." + host +
				`","password":"` + goodPassword + `","name":"` + long + `","lastName":"` + long + `","invitationCode":"` + made.InvitationCodes[0].Code + `"}`})
			var a dialecttest.Authorization
			if r.JSON(t, &a); r.Status != 201 {
				t.Fatalf("%d %s", r.Status, r.Body)
			}
			if got := s.Me(t, a.AccessToken); got != 200 {
				t.Errorf("the service answers its own token of %d bytes %d", len(a.AccessToken), got)
			}
			const longer = (4096 - 2048) / 6 // what the signature of the longest key takes more
			if len(a.AccessToken)+longer+1 > 4096 {
				t.Errorf("%d bytes are too many with a key of 4096 bits", len(a.AccessToken))
			}
		})
	}
	// An address may be written in characters that take four bytes each and mean one.
	wide := strings.Repeat("\U0001d431", 50)
	s.Run(t, []kase{{Name: "an address of more than 254 bytes as it is written", Request: request{
		Path: "/auth/register", Key: s.Publishable, Body: body("email", "a@"+wide+"."+wide+".example", "password", goodPassword),
	}, Status: 400, Has: []string{`"field":"email"`}}})
}

// TestNoTwoCredentialsAreAlike issues two thousand of each and looks at them as somebody who
// wants to guess the next one would.
func TestNoTwoCredentialsAreAlike(t *testing.T) {
	const n = 2000
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Wrap: func(db store.Store) store.Store { return forgetful{db} }})
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	sessions := *s.App.Sessions
	sessions.Keys = quick{small}
	u := identity.User{ID: strings.Repeat("u", identity.UserIDLength)}
	var (
		mu               sync.Mutex
		ids, jtis, proof []string
		wg               sync.WaitGroup
	)
	refreshToken := regexp.MustCompile(`^rt_([0-9A-Za-z]{22})\.1\.([0-9A-Za-z_-]{43})$`)
	for range 8 {
		wg.Go(func() {
			for range n / 8 {
				g, err := sessions.Start(t.Context(), dialecttest.Operator, u, nil)
				m := refreshToken.FindStringSubmatch(g.RefreshToken)
				if err != nil || m == nil {
					t.Errorf("%q %v", g.RefreshToken, err)
					return
				}
				jti, _ := decoded(t, split(t, g.AccessToken).payload)["jti"].(string)
				mu.Lock()
				ids, jtis, proof = append(ids, m[1]), append(jtis, jti), append(proof, m[2])
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for name, tc := range map[string]struct {
		all      []string
		alphabet int
		length   int
	}{
		"session ids":       {ids, 62, identity.SessionIDLength},
		"token ids":         {jtis, 62, 22},
		"refresh token MAC": {proof, 64, 42}, // the 43rd character carries four bits
	} {
		t.Run(name, func(t *testing.T) { unpredictable(t, tc.all, n, tc.alphabet, tc.length) })
	}
}

// forgetful saves the time of writing sessions that nobody will use.
type forgetful struct{ store.Store }

func (forgetful) StartSession(context.Context, identity.Session, ...identity.Consequence) error {
	return nil
}

// quick saves the time of signing with a key of a sound size.
type quick struct{ key *rsa.PrivateKey }

func (q quick) Signer() (string, *rsa.PrivateKey) { return "quick", q.key }

// unpredictable checks that n strings differ and that each position takes every character of
// the alphabet equally often: chi-square with alphabet-1 degrees of freedom, seven standard
// deviations, so that good ones fail once in many million runs.
func unpredictable(t *testing.T, all []string, n, alphabet, length int) {
	t.Helper()
	if slices.Sort(all); len(slices.Compact(slices.Clone(all))) != n {
		t.Fatalf("%d different ones of %d", len(slices.Compact(all)), n)
	}
	for i := range length {
		seen := map[byte]float64{}
		for _, s := range all {
			seen[s[i]]++
		}
		expected, chi := float64(n)/float64(alphabet), 0.0
		for _, c := range seen {
			chi += (c - expected) * (c - expected) / expected
		}
		chi += expected * float64(alphabet-len(seen)) // what was never seen
		if free := float64(alphabet - 1); len(seen) > alphabet || chi > free+7*math.Sqrt(2*free) {
			t.Errorf("character %d: %d different ones, chi-square %.0f", i, len(seen), chi)
		}
	}
}
