package masterkey_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/masterkey"
)

// pattern is 32 different bytes whose base64 uses the letters in which the two alphabets differ.
func pattern() []byte {
	b := make([]byte, masterkey.Size)
	for i := range b {
		b[i] = byte(0xff - 5*i)
	}
	return b
}

func parse(t *testing.T, s string) masterkey.Key {
	t.Helper()
	k, err := masterkey.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestParse(t *testing.T) {
	raw := pattern()
	std := base64.StdEncoding.EncodeToString(raw)
	for name, tc := range map[string]struct {
		in string
		ok bool
	}{
		"standard base64":                    {std, true},
		"standard base64 without padding":    {strings.TrimRight(std, "="), true},
		"URL-safe base64":                    {base64.URLEncoding.EncodeToString(raw), true},
		"URL-safe base64 without padding":    {base64.RawURLEncoding.EncodeToString(raw), true},
		"hex":                                {hex.EncodeToString(raw), true},
		"upper-case hex":                     {strings.ToUpper(hex.EncodeToString(raw)), true},
		"white space around it":              {" \t" + std + "\r\n", true},
		"nothing":                            {"", false},
		"only white space":                   {"\n", false},
		"31 bytes":                           {base64.StdEncoding.EncodeToString(raw[1:]), false},
		"33 bytes":                           {base64.StdEncoding.EncodeToString(append(pattern(), 1)), false},
		"31 bytes of hex":                    {hex.EncodeToString(raw[1:]), false},
		"32 letters, which is a password":    {"correct-horse-battery-staple-now", false},
		"a line break inside":                {std[:20] + "\n" + std[20:], false},
		"two alphabets mixed":                {"-" + std[1:10] + "/" + std[11:], false},
		"spare bits of the last letter set":  {strings.TrimRight(std, "=")[:42] + "B", false},
		"a placeholder of one repeated byte": {strings.Repeat("00", 32), false},
	} {
		t.Run(name, func(t *testing.T) {
			k, err := masterkey.Parse(tc.in)
			if (err == nil) != tc.ok || err != nil && !errors.Is(err, masterkey.ErrFormat) {
				t.Fatalf("err = %v, want ok = %v", err, tc.ok)
			}
			if tc.ok && !k.Equal(parse(t, std)) {
				t.Error("another key came out")
			}
			if bare := strings.TrimSpace(tc.in); err != nil && len(bare) > 8 && strings.Contains(err.Error(), bare[:8]) {
				t.Errorf("the error shows the value: %v", err)
			}
		})
	}
}

func TestKeyShowsNothing(t *testing.T) {
	raw := pattern()
	k := parse(t, hex.EncodeToString(raw))
	var out bytes.Buffer
	slog.New(slog.NewTextHandler(&out, nil)).Info("m", "k", k, "in", struct{ K masterkey.Key }{k})
	slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "k", k, "in", struct{ K masterkey.Key }{k})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X"} {
		type holder struct{ k masterkey.Key } // fmt does not ask the methods of unexported fields
		_, _ = fmt.Fprintf(&out, verb+verb+verb, k, &k, holder{k})
	}
	_ = json.NewEncoder(&out).Encode(map[string]any{"k": k})
	out.WriteString(k.String() + k.GoString())

	for _, leak := range []string{
		hex.EncodeToString(raw[:4]), strings.ToUpper(hex.EncodeToString(raw[:4])),
		base64.StdEncoding.EncodeToString(raw)[:8], base64.URLEncoding.EncodeToString(raw)[:8],
		"255 250", "0xff, 0xfa", string(raw[:4]),
	} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("the output has %q:\n%s", leak, out.String())
		}
	}
}

func TestDerive(t *testing.T) {
	k := parse(t, hex.EncodeToString(pattern()))
	a, b := k.Derive("a"), k.Derive("b")
	if len(a) != 32 || !bytes.Equal(a, k.Derive("a")) {
		t.Error("the same purpose gave other bytes")
	}
	if bytes.Equal(a, b) || bytes.Equal(a, masterkey.New().Derive("a")) {
		t.Error("another purpose or key gave the same bytes")
	}
	// Changing what is derived ends every session and seal made before: it must be on purpose.
	const want = "18cb497acee9833d"
	if got := hex.EncodeToString(k.Derive("test vector")[:8]); got != want {
		t.Errorf("Derive changed: %s, want %s", got, want)
	}
}

func TestSealOpens(t *testing.T) {
	k := masterkey.New()
	sealed := k.Seal("purpose", []byte("plain"))
	if got, err := k.Open("purpose", sealed); err != nil || string(got) != "plain" {
		t.Fatalf("got %q, %v", got, err)
	}
	if bytes.Equal(sealed, k.Seal("purpose", []byte("plain"))) {
		t.Error("sealing twice gave the same bytes: the nonce is not random")
	}
	if bytes.Contains(sealed, []byte("plain")) {
		t.Error("the plain text is in the sealed one")
	}
}

func TestOpenRefuses(t *testing.T) {
	k := masterkey.New()
	sealed := k.Seal("purpose", []byte("plain"))
	refused := func(what string, k masterkey.Key, purpose string, b []byte) {
		t.Helper()
		if got, err := k.Open(purpose, b); !errors.Is(err, masterkey.ErrOpen) || got != nil {
			t.Errorf("%s: got %q, %v", what, got, err)
		}
	}
	refused("another key", masterkey.New(), "purpose", sealed)
	refused("another purpose", k, "Purpose", sealed)
	for i := range sealed {
		flipped := bytes.Clone(sealed)
		flipped[i] ^= 1
		refused(fmt.Sprintf("byte %d altered", i), k, "purpose", flipped)
		refused(fmt.Sprintf("cut to %d bytes", i), k, "purpose", sealed[:i])
	}
	refused("a byte more", k, "purpose", append(bytes.Clone(sealed), 0))
}

func FuzzParse(f *testing.F) {
	f.Add(hex.EncodeToString(pattern()))
	f.Add(base64.StdEncoding.EncodeToString(pattern()))
	f.Add(" " + base64.RawURLEncoding.EncodeToString(pattern()) + "\n")
	f.Add("x\n")
	f.Fuzz(func(t *testing.T, s string) {
		k, err := masterkey.Parse(s)
		switch {
		case err == nil && k.IsZero():
			t.Fatal("no key and no error")
		case err != nil && !errors.Is(err, masterkey.ErrFormat):
			t.Fatalf("not ErrFormat: %v", err)
		case err == nil:
			if _, err := k.Open("p", k.Seal("p", []byte(s))); err != nil {
				t.Fatal(err)
			}
		}
	})
}
