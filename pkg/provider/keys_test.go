package provider_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/provider"
	"github.com/gatehouse-id/gatehouse/pkg/provider/providertest"
)

// TestAKeyThatIsNotUnderstoodIsPassedOver, as RFC 7517 section 5 asks.
func TestAKeyThatIsNotUnderstoodIsPassedOver(t *testing.T) {
	for name, strange := range map[string]string{
		"of an unknown curve":   `{"kty":"EC","crv":"secp256k1","x":"AAAA","y":"AAAA","kid":"k"}`,
		"of an unknown type":    `{"kty":"AKP","alg":"ML-DSA-44","kid":"q","pub":"AAAA"}`,
		"with a bad chain":      `{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"bad","x5c":["zz"]}`,
		"with a number missing": `{"kty":"RSA","e":"AQAB","kid":"half"}`,
		"that is empty":         `{}`,
		"that is no object":     `1`,
	} {
		t.Run(name, func(t *testing.T) {
			p, there, at := start(t, "okta")
			published := keysOf(t, there)
			publish := func(keys ...json.RawMessage) {
				there.Answer(providertest.KeysPath, func(w http.ResponseWriter, _ *http.Request) {
					_ = json.NewEncoder(w).Encode(map[string]any{"keys": keys})
				})
			}
			publish(append([]json.RawMessage{json.RawMessage(strange)}, published...)...)
			if _, err := p.IDToken(t.Context(), there.IDToken(t, providertest.Minted{}), ""); err != nil {
				t.Errorf("beside a good key: %v", err)
			}
			at.Advance(time.Hour) // the provider is asked anew
			publish(json.RawMessage(strange))
			_, err := p.IDToken(t.Context(), there.IDToken(t, providertest.Minted{}), "")
			wants(t, err, provider.ErrUnavailable)
		})
	}
}

// keysOf returns the keys that a provider publishes.
func keysOf(t *testing.T, there *providertest.Provider) []json.RawMessage {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, there.URL+providertest.KeysPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.NewDecoder(res.Body).Decode(&set); err != nil || len(set.Keys) == 0 {
		t.Fatal(err)
	}
	return set.Keys
}
