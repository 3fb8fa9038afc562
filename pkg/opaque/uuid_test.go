package opaque_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

func TestAUUIDIsRandomAndKeptByItsHash(t *testing.T) {
	form := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	one, other := opaque.NewUUID(), opaque.NewUUID()
	if !form.MatchString(one) || one == other {
		t.Fatalf("%q and %q", one, other)
	}
	hash, ok := opaque.HashUUID("iv", one)
	upper, okUpper := opaque.HashUUID("iv", strings.ToUpper(one))
	if !ok || !okUpper || !bytes.Equal(hash, upper) || len(hash) != 32 || bytes.Contains(hash, []byte(one[:8])) {
		t.Errorf("its hash is %x, in capitals %x", hash, upper)
	}
	for name, elsewhere := range map[string][2]string{"of another kind": {"rp", one}, "of another UUID": {"iv", other}} {
		if h, ok := opaque.HashUUID(elsewhere[0], elsewhere[1]); !ok || bytes.Equal(h, hash) {
			t.Errorf("a hash %s is the same", name)
		}
	}
}

func TestANameHasOneUUIDForEver(t *testing.T) {
	const ada = "fb959e35-c92f-89cd-ad86-03550ec4514f" // clients keep it: it must never change
	if got := opaque.UUIDOf("users", "ada"); got != ada {
		t.Errorf("%q", got)
	}
	for _, other := range []string{opaque.UUIDOf("users", "adb"), opaque.UUIDOf("user", "sada"), opaque.UUIDOf("other", "ada")} {
		if other == ada {
			t.Error("another name has it, too")
		}
	}
}

func TestWhatIsNoUUIDHasNoHash(t *testing.T) {
	good := opaque.NewUUID()
	for _, bad := range []string{
		"", good[:35], good + "0", " " + good[1:], strings.ReplaceAll(good, "-", ""), "{" + good + "}", "urn:uuid:" + good,
		strings.Replace(good, "-", "_", 1), good[:35] + "g", good[:34] + "é",
	} {
		if _, ok := opaque.HashUUID("iv", bad); ok {
			t.Errorf("%q has one", bad)
		}
	}
}

// FuzzHashUUID holds that two texts have one hash only when they are one UUID.
func FuzzHashUUID(f *testing.F) {
	f.Add("00000000-0000-0000-0000-000000000000", "00000000-0000-0000-0000-00000000000A")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, okX := opaque.HashUUID("iv", a)
		y, okY := opaque.HashUUID("iv", b)
		if okX && okY && bytes.Equal(x, y) != (strings.ToLower(a) == strings.ToLower(b)) { //nolint:staticcheck // EqualFold folds more than ASCII
			t.Fatalf("%q and %q", a, b)
		}
	})
}
