package providertest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

// Minted says how an ID token differs from a good one.
type Minted struct {
	// Claims replace or, when nil, remove those of a good token for MobileClientID without a nonce.
	Claims map[string]any
	// Header likewise.
	Header map[string]any
	// Alg is RS256 when empty; or HS256 with HMACKey, or none.
	Alg     string
	HMACKey []byte
	// Foreign signs with a key that is not the provider's, under the id of the one that is.
	Foreign bool
}

// IDToken makes an ID token of the current user, as an app would have got it a moment ago.
func (p *Provider) IDToken(t testing.TB, m Minted) string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.kind.(*openID)
	kid, err := o.mock.Keypair.KeyID()
	if err != nil {
		t.Fatal(err)
	}
	key := o.mock.Keypair.PrivateKey
	if m.Foreign {
		if key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
			t.Fatal(err)
		}
	}
	now := p.now()
	claims := o.member().profile([]string{"openid", "email", "profile"})
	maps.Copy(claims, map[string]any{"iss": o.issuer(), "aud": MobileClientID, "iat": now.Unix(), "exp": now.Unix() + 3600})
	if p.Name == "microsoft" {
		claims["tid"] = Tenant
	}
	if m.Alg == "" {
		m.Alg = "RS256"
	}
	return sign(t, m, overlaid(map[string]any{"typ": "JWT", "alg": m.Alg, "kid": kid}, m.Header), overlaid(claims, m.Claims), key)
}

// PublicKey returns the signing key as PEM, which is no secret.
func (p *Provider) PublicKey(t testing.TB) []byte {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	der, err := x509.MarshalPKIXPublicKey(p.kind.(*openID).mock.Keypair.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func overlaid(base, over map[string]any) map[string]any {
	out := maps.Clone(base)
	for name, value := range over {
		if out[name] = value; value == nil {
			delete(out, name)
		}
	}
	return out
}

// sign writes a JWS by hand: what it is for is what libraries refuse to write.
func sign(t testing.TB, m Minted, header, claims map[string]any, key *rsa.PrivateKey) string {
	t.Helper()
	input := segment(t, header) + "." + segment(t, claims)
	var signature []byte
	switch m.Alg {
	case "none":
	case "HS256":
		mac := hmac.New(sha256.New, m.HMACKey)
		_, _ = mac.Write([]byte(input))
		signature = mac.Sum(nil)
	default:
		sum := sha256.Sum256([]byte(input))
		var err error
		if signature, err = rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:]); err != nil {
			t.Fatal(err)
		}
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func segment(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// teamKey returns a fresh key of an Apple team: its private half as Apple gives it, and its public.
func teamKey(t testing.TB) (private string, public *ecdsa.PublicKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), &key.PublicKey
}

// signedByTeam checks a client secret as Apple documents it.
func (o *openID) signedByTeam(secret string) bool {
	token, err := jwt.Parse(secret, func(*jwt.Token) (any, error) { return o.team, nil },
		jwt.WithValidMethods([]string{"ES256"}), jwt.WithIssuer(o.p.config.TeamID), jwt.WithSubject(ClientID), jwt.WithAudience(o.mock.Issuer()),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithTimeFunc(o.p.now))
	if err != nil || token.Header["kid"] != o.p.config.KeyID {
		return false
	}
	expires, _ := token.Claims.GetExpirationTime()
	issued, _ := token.Claims.GetIssuedAt()
	const sixMonths = 15777000
	return issued != nil && expires.Unix()-issued.Unix() <= sixMonths
}
