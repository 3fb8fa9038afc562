package native_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/dialect/native"
)

// parts are the three parts of a token, as they stand in it.
type parts struct{ header, payload, signature string }

func split(t testing.TB, token string) parts {
	t.Helper()
	p := strings.Split(token, ".")
	if len(p) != 3 {
		t.Fatalf("a token of %d parts", len(p))
	}
	return parts{p[0], p[1], p[2]}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func decoded(t testing.TB, part string) map[string]any {
	t.Helper()
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// forger signs whatever it is told to. With the key of the service it does what no attacker
// can, so that the checks behind the signature are reached.
type forger struct {
	kid string
	key *rsa.PrivateKey
}

// insider returns a forger with the key that the service signs with.
func insider(s *dialecttest.Server) forger {
	kid, key := s.App.Keys.Signer()
	return forger{kid, key}
}

// stranger returns a forger with a key of its own that calls it by the name of the service's.
func stranger(t testing.TB, s *dialecttest.Server) forger {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return forger{insider(s).kid, key}
}

// header spells the header of an access token, with more members behind its own.
func (f forger) header(more string) string {
	return `{"alg":"RS256","kid":"` + f.kid + `","typ":"at+jwt"` + more + `}`
}

// rs256 signs a header and the encoded payload of another token.
func (f forger) rs256(t testing.TB, header, payload string) string {
	t.Helper()
	input := b64([]byte(header)) + "." + payload
	sum := sha256.Sum256([]byte(input))
	sig, err := rsa.SignPKCS1v15(rand.Reader, f.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return input + "." + b64(sig)
}

// claims signs claims under the header that the service writes.
func (f forger) claims(t testing.TB, claims map[string]any) string {
	t.Helper()
	return f.rs256(t, f.header(""), b64([]byte(dialecttest.JSON(claims))))
}

// look is how an answer looks to somebody who tries credentials: all of it but what differs
// from request to request.
type look struct {
	Status  int
	Body    string
	Headers []string
}

func lookOf(r dialecttest.Response) look {
	body := r.Body
	if id := r.Header.Get("X-Request-Id"); id != "" {
		body = strings.ReplaceAll(body, id, "")
	}
	return look{r.Status, body, slices.Sorted(maps.Keys(r.Header))}
}

// wall is every place where the service takes an access token.
type wall struct {
	s     *dialecttest.Server
	doors []door
}

// door is one such place, with how the plainest nonsense is answered there.
type door struct {
	name  string
	knock func(token string) request
	shut  look
}

func newWall(t testing.TB, s *dialecttest.Server) wall {
	t.Helper()
	w := wall{s: s, doors: []door{{name: "introspection", knock: func(token string) request {
		return request{Path: "/auth/introspect", Key: s.Secret, Body: body("token", token)}
	}}}}
	for _, r := range (&native.Handler{}).Routes() {
		if !r.Access.Bearer {
			continue
		}
		path := strings.NewReplacer(":handle", "x", ":id", "x").Replace(r.Path)
		w.doors = append(w.doors, door{name: r.Method + " " + r.Path, knock: func(token string) request {
			return request{Method: r.Method, Path: path, Bearer: token}
		}})
	}
	if len(w.doors) < 10 {
		t.Fatalf("there are only %d doors", len(w.doors))
	}
	for i, d := range w.doors {
		w.doors[i].shut = lookOf(s.Do(t, d.knock("nonsense")))
		if want := 401; d.name != "introspection" && w.doors[i].shut.Status != want {
			t.Fatalf("%s answers nonsense %d, want %d", d.name, w.doors[i].shut.Status, want)
		}
	}
	return w
}

// refuses checks that a token is answered as nonsense is, in every place and every respect.
func (w wall) refuses(t *testing.T, name, token string) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		for _, d := range w.doors {
			if diff := cmp.Diff(d.shut, lookOf(w.s.Do(t, d.knock(token)))); diff != "" {
				t.Errorf("%s tells it from nonsense:\n%s", d.name, diff)
			}
		}
	})
}

// admits is the control: a token that is good opens.
func (w wall) admits(t *testing.T, name, token string) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		if got := w.s.Me(t, token); got != 200 {
			t.Errorf("GET /auth/me is %d, want 200", got)
		}
		if r := w.s.Do(t, w.doors[0].knock(token)); !strings.Contains(r.Body, `"active":true`) {
			t.Errorf("introspection says %s", r.Body)
		}
	})
}
