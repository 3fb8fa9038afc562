package provider_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/gatehouse-id/gatehouse/pkg/provider"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

func TestAlgorithms(t *testing.T) {
	rsaKey, err1 := rsa.GenerateKey(rand.Reader, 2048)
	ecKey, err2 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	edPublic, edKey, err3 := ed25519.GenerateKey(rand.Reader)
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(err1, err2, err3)
	}
	for algorithm, c := range map[jose.SignatureAlgorithm]struct {
		private, public any
		ok              bool
	}{
		jose.RS256: {rsaKey, &rsaKey.PublicKey, true}, jose.PS256: {rsaKey, &rsaKey.PublicKey, true}, jose.ES256: {ecKey, &ecKey.PublicKey, true}, jose.EdDSA: {edKey, edPublic, true},
		jose.RS512: {rsaKey, &rsaKey.PublicKey, false}, jose.PS384: {rsaKey, &rsaKey.PublicKey, false},
	} {
		t.Run(string(algorithm), func(t *testing.T) {
			try := func(said ...string) error {
				p, there, at := start(t, "okta")
				there.ChangeDocument(func(d map[string]any) { d["id_token_signing_alg_values_supported"] = said })
				there.Answer(providertest.KeysPath, answer(200, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: c.public, KeyID: "k", Use: "sig"}}}))
				signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: jose.JSONWebKey{Key: c.private, KeyID: "k"}}, nil)
				if err != nil {
					t.Fatal(err)
				}
				now := at.Now().Unix()
				claims := map[string]any{"iss": there.Config().Issuer, "sub": "1", "aud": providertest.ClientID, "iat": now, "exp": now + 60}
				raw, err := jwt.Signed(signer).Claims(claims).Serialize()
				if err != nil {
					t.Fatal(err)
				}
				_, err = p.IDToken(t.Context(), raw, "")
				return err
			}
			if err := try("RS256", string(algorithm)); c.ok && err != nil {
				t.Error(err)
			} else if !c.ok {
				wants(t, err, provider.ErrRejected)
			}
			if algorithm != jose.RS256 { // the provider does not say that it signs so
				wants(t, try("RS256"), provider.ErrRejected)
				wants(t, try(), provider.ErrRejected)
			}
		})
	}
}
