package keyset_test

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/keyset"
)

// The modulus of the example key in RFC 7638 section 3.1.
const rfcModulus = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECP" +
	"ebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaS" +
	"qzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"

func rfcKey(t *testing.T) *rsa.PublicKey {
	t.Helper()
	n, err := base64.RawURLEncoding.DecodeString(rfcModulus)
	if err != nil {
		t.Fatal(err)
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537}
}

func TestThumbprintOfTheRFC(t *testing.T) {
	const want = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
	if got := keyset.Thumbprint(rfcKey(t)); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestJWKSHasExactlyTheseMembers(t *testing.T) {
	pub := rfcKey(t)
	body, etag, err := keyset.JWKS([]keyset.Key{keyset.NewKey(pub, []byte("sealed"))})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"keys": []any{map[string]any{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": keyset.Thumbprint(pub), "n": rfcModulus, "e": "AQAB",
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(etag) < 10 || etag[0] != '"' || etag[len(etag)-1] != '"' {
		t.Errorf("not a strong ETag: %s", etag)
	}
}

func TestETagFollowsTheBody(t *testing.T) {
	keys := set(0, 30*day).Keys
	body, etag, _ := keyset.JWKS(keys)
	sameBody, sameTag, _ := keyset.JWKS(slices.Clone(keys))
	lessBody, lessTag, _ := keyset.JWKS(keys[:1])
	if string(body) != string(sameBody) || etag != sameTag {
		t.Error("equal keys gave other bytes")
	}
	if string(body) == string(lessBody) || etag == lessTag {
		t.Error("other keys gave the same bytes")
	}
}

func TestJWKSOfABadKeyIsAnError(t *testing.T) {
	if _, _, err := keyset.JWKS([]keyset.Key{{KID: "x", Public: []byte("x")}}); err == nil {
		t.Error("it was published")
	}
}

func TestJWKSOfNoKeysIsAList(t *testing.T) {
	if body, _, _ := keyset.JWKS(nil); string(body) != `{"keys":[]}` {
		t.Errorf("got %s", body)
	}
}
