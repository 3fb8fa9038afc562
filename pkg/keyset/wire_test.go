package keyset_test

import (
	"crypto/rsa"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gatehouse-id/gatehouse/pkg/keyset"
)

func TestMarshalRoundTrip(t *testing.T) {
	s := set(0, 30*day)
	s.Revoked = []keyset.Revoked{{KID: "gone", At: epoch}}
	b, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	got, err := keyset.Unmarshal(b)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, got); diff != "" {
		t.Error(diff)
	}
}

func TestMarshalRoundsAKeepTimeUp(t *testing.T) {
	s := set(0)
	s.Keys[0].KeepFor = time.Minute + time.Millisecond
	b, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := keyset.Unmarshal(b); err != nil || got.Keys[0].KeepFor != 61*time.Second {
		t.Errorf("kept for %v (%v)", got.Keys[0].KeepFor, err)
	}
}

// edit returns the stored form of a good set with one change to the JSON.
func edit(t testing.TB, change func(doc map[string]any, keys []any)) []byte {
	t.Helper()
	b, err := set(0, 30*day).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(b, &doc); err != nil {
		t.Fatal(err)
	}
	change(doc, doc["keys"].([]any))
	if b, err = json.Marshal(doc); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestUnmarshalRefuses(t *testing.T) {
	member := func(name string, value any) []byte {
		return edit(t, func(_ map[string]any, keys []any) { keys[1].(map[string]any)[name] = value })
	}
	short := keyset.NewKey(&rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 2046, 1), E: 65537}, nil)
	even := keyset.NewKey(&rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 2047, 1), E: 3}, nil)
	good := edit(t, func(map[string]any, []any) {})
	for name, tc := range map[string]struct {
		data []byte
		says string
	}{
		"nothing":                    {nil, "version"},
		"garbage":                    {[]byte("garbage"), "version"},
		"an empty object":            {[]byte("{}"), "version 0"},
		"null":                       {[]byte("null"), "version 0"},
		"a later version":            {edit(t, func(d map[string]any, _ []any) { d["version"] = 2 }), "version 2"},
		"no keys":                    {edit(t, func(d map[string]any, _ []any) { d["keys"] = []any{} }), "no key in it is active"},
		"an unknown member":          {edit(t, func(d map[string]any, _ []any) { d["more"] = 1 }), "unknown"},
		"something behind it":        {append(good, " {}"...), "version"},
		"a set cut short":            {good[:len(good)-2], "version"},
		"too much":                   {append(good, strings.Repeat(" ", 1<<20)...), "bytes"},
		"a key twice":                {edit(t, func(d map[string]any, k []any) { d["keys"] = append(k, k[0]) }), "twice"},
		"a key id of another":        {member("kid", key(7).KID), "thumbprint"},
		"a public key of another":    {member("public", key(7).Public), "thumbprint"},
		"a public key cut short":     {member("public", key(1).Public[:100]), "PKCS #1"},
		"a short public key":         {edit(t, func(_ map[string]any, k []any) { replace(k[1], short) }), "2047 bits"},
		"a small exponent":           {edit(t, func(_ map[string]any, k []any) { replace(k[1], even) }), "exponent 3"},
		"no private key":             {member("sealed", ""), "no private key"},
		"no activation":              {member("activates_at", time.Time{}), "dates"},
		"an activation far away":     {member("activates_at", "9999-12-31T23:59:59Z"), "dates"},
		"no publication":             {member("published_at", time.Time{}), "dates"},
		"a negative keep time":       {member("keep_seconds", -1), "keep time"},
		"a keep time that overflows": {member("keep_seconds", int64(1)<<62), "keep time"},
		"a revoked key among the keys": {
			edit(t, func(d map[string]any, _ []any) {
				d["revoked"] = []any{map[string]any{"kid": key(0).KID, "at": epoch}}
			}), "revoked",
		},
		"more keys than a set can have": {
			edit(t, func(d map[string]any, k []any) {
				for range keyset.MaxKeys {
					k = append(k, k[0])
				}
				d["keys"] = k
			}), "18 keys",
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := keyset.Unmarshal(tc.data)
			if !errors.Is(err, keyset.ErrDamaged) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want it to say %q", err, tc.says)
			}
		})
	}
}

func replace(into any, k keyset.Key) {
	into.(map[string]any)["kid"], into.(map[string]any)["public"] = k.KID, k.Public
}

func TestMarshalRefusesWhatUnmarshalWould(t *testing.T) {
	twice := set(0)
	twice.Keys = append(twice.Keys, twice.Keys[0])
	for name, s := range map[string]keyset.Set{"no key": {}, "a key twice": twice} {
		if b, err := s.Marshal(); !errors.Is(err, keyset.ErrDamaged) || b != nil {
			t.Errorf("%s: got %s, %v", name, b, err)
		}
	}
}

func FuzzUnmarshal(f *testing.F) {
	f.Add(edit(f, func(map[string]any, []any) {}))
	f.Add(edit(f, func(_ map[string]any, k []any) { k[0].(map[string]any)["keep_seconds"] = int64(1) << 62 }))
	f.Add([]byte(`{"version":1,"keys":[{"kid":"x"}],"revoked":[]}`))
	f.Add([]byte(`{"version":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := keyset.Unmarshal(b)
		if err != nil {
			if !errors.Is(err, keyset.ErrDamaged) {
				t.Fatalf("not ErrDamaged: %v", err)
			}
			return
		}
		again, err := s.Marshal()
		if err != nil {
			t.Fatalf("read and not written: %v", err)
		}
		back, err := keyset.Unmarshal(again)
		if diff := cmp.Diff(s, back, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Fatalf("%v\n%s", err, diff)
		}
		for _, now := range []time.Time{{}, epoch, epoch.AddDate(50, 0, 0)} {
			if strings.Count(states(s, now, policy()), "a") != 1 {
				t.Fatal("not exactly one active key")
			}
			if _, _, err := keyset.JWKS(s.Published(now, policy())); err != nil {
				t.Fatal(err)
			}
		}
	})
}
