package native_test

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
	"github.com/gatehouse-id/gatehouse/pkg/store"
)

// readKeys fetches the key set as a verifier does, and checks everything a verifier may rely
// on and an attacker may hope for.
func readKeys(t testing.TB, s *dialecttest.Server) map[string]*rsa.PublicKey {
	t.Helper()
	r := s.Do(t, request{Path: "/.well-known/jwks.json"})
	if r.Status != 200 || r.Header.Get("Content-Type") != "application/jwk-set+json" || r.Header.Get("Cache-Control") != "public, max-age=300" {
		t.Fatalf("%d %v", r.Status, r.Header)
	}
	var set map[string][]map[string]string
	r.JSON(t, &set)
	if len(set) != 1 || len(set["keys"]) == 0 {
		t.Fatalf("the key set is %s", r.Body)
	}
	keys := map[string]*rsa.PublicKey{}
	for _, k := range set["keys"] {
		n, err := base64.RawURLEncoding.DecodeString(k["n"])
		if err != nil {
			t.Fatal(err)
		}
		pub := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}
		sum := sha256.Sum256([]byte(`{"e":"AQAB","kty":"RSA","n":"` + k["n"] + `"}`)) // RFC 7638
		kid := base64.RawURLEncoding.EncodeToString(sum[:])
		ok := len(k) == 6 && k["kty"] == "RSA" && k["use"] == "sig" && k["alg"] == "RS256" && k["e"] == "AQAB" && k["kid"] == kid
		if !ok || pub.N.BitLen() < 2048 {
			t.Errorf("a key is published as %v", k)
		}
		if keys[kid] != nil {
			t.Errorf("a key is published twice: %s", r.Body)
		}
		keys[kid] = pub
	}
	return keys
}

func TestTheKeySetIsPublic(t *testing.T) {
	s := start(t, dialecttest.SQLite(t))
	readKeys(t, s)
	const path = "/.well-known/jwks.json"
	first := s.Do(t, request{Path: path})
	etag := first.Header.Get("Etag")
	head := s.Do(t, request{Method: "HEAD", Path: path})
	if head.Status != 200 || head.Body != "" || head.Header.Get("Etag") != etag || head.Header.Get("Content-Length") != first.Header.Get("Content-Length") {
		t.Errorf("HEAD: %d %v", head.Status, head.Header)
	}
	for value, want := range map[string]int{etag: 304, `"x", ` + etag: 304, `W/` + etag: 304, `"x"`: 200, "": 200} {
		r := s.Do(t, request{Path: path, Header: map[string]string{"If-None-Match": value}})
		if r.Status != want || (r.Body == "") != (want == 304) || r.Header.Get("Cache-Control") != "public, max-age=300" {
			t.Errorf("If-None-Match %s: %d %v %s", value, r.Status, r.Header, r.Body)
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE", "PATCH"} {
		if r := s.Do(t, request{Method: method, Path: path}); r.Status != 405 || r.Code() != "method_not_allowed" {
			t.Errorf("%s: %d %s", method, r.Status, r.Body)
		}
	}
	if r := s.Do(t, request{Path: path, Key: "nonsense", Bearer: "nonsense"}); r.Status != 200 || r.Body != first.Body {
		t.Errorf("with credentials it is another: %d %s", r.Status, r.Body)
	}
}

// keyReads counts how often a node reads the key set.
type keyReads struct {
	store.Store
	n atomic.Int64
}

func (k *keyReads) KeySet(ctx context.Context) (store.KeySet, error) {
	k.n.Add(1)
	return k.Store.KeySet(ctx)
}

func TestUnknownKeyNamesDoNotReachTheStore(t *testing.T) {
	var reads *keyReads
	s := dialecttest.Start(t, dialecttest.SQLite(t), dialecttest.Options{Wrap: func(db store.Store) store.Store {
		reads = &keyReads{Store: db}
		return reads
	}})
	a := s.Register(t, "ada@example.com", goodPassword)
	f, payload := stranger(t, s), split(t, a.AccessToken).payload
	token := f.rs256(t, f.header(""), payload)
	_, rest, _ := strings.Cut(token, ".")
	flood := func(n int) (refused int64) {
		var count atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range n / 8 {
					header := b64([]byte(`{"alg":"RS256","kid":"` + opaque.Random(43) + `","typ":"at+jwt"}`))
					if r, err := s.Try(request{Path: "/auth/me", Bearer: header + "." + rest}); err == nil && r.Status == 401 {
						count.Add(1)
					}
				}
			})
		}
		wg.Wait()
		return count.Load()
	}
	before := reads.n.Load()
	if got := flood(1000); got != 1000 {
		t.Errorf("%d of 1000 were refused", got)
	}
	s.Clock.Advance(9 * time.Second)
	flood(80)
	if got := reads.n.Load() - before; got > 1 {
		t.Errorf("the key set was read %d times in ten seconds", got)
	}
	s.Clock.Advance(time.Second)
	flood(80)
	if got := reads.n.Load() - before; got != 2 {
		t.Errorf("the key set was read %d times in twenty seconds, want 2", got)
	}
	if got := s.Me(t, a.AccessToken); got != 200 {
		t.Errorf("after the flood a good token is answered %d", got)
	}
}
