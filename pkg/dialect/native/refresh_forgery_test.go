package native_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

// TestAForgedRefreshTokenHasNoEffect knows the session, which is no secret, and the counter.
// Forging must neither succeed nor sign the victim out, which only a genuine token may.
func TestAForgedRefreshTokenHasNoEffect(t *testing.T) {
	dialecttest.EachStore(t, func(t *testing.T, open dialecttest.Opener) {
		s := start(t, open)
		nodes := []*dialecttest.Server{s, s.Node(t)}
		spent := s.Register(t, "ada@example.com", goodPassword)
		other := s.Register(t, "bob@example.com", goodPassword)
		a := s.Refresh(t, spent.RefreshToken)
		sid := sidOf(t, a)
		shut := lookOf(s.Do(t, renew("nonsense", userAgent)))
		if shut.Status != 401 {
			t.Fatalf("nonsense is answered %d", shut.Status)
		}
		forge := func(t *testing.T, token string) {
			t.Helper()
			if diff := cmp.Diff(shut, lookOf(nodes[len(token)%2].Do(t, renew(token, userAgent)))); diff != "" {
				t.Error(diff)
			}
		}
		for _, counter := range []string{"2", "3", "1"} { // the current one, the next and the spent one
			t.Run("a random MAC for "+counter, func(t *testing.T) {
				for range 70 {
					forge(t, "rt_"+sid+"."+counter+"."+opaque.Random(43))
				}
			})
		}
		id, counter, mac := pieces(t, a.RefreshToken)
		_, _, spentMAC := pieces(t, spent.RefreshToken)
		otherID, _, otherMAC := pieces(t, other.RefreshToken)
		if id != sid || counter != "2" {
			t.Fatalf("the refresh token is %s", a.RefreshToken)
		}
		token := func(id, counter, mac string) string { return "rt_" + id + "." + counter + "." + mac }
		for name, forged := range map[string]string{
			"the MAC of the counter before": token(id, "2", spentMAC),
			"the MAC of the counter after":  token(id, "1", mac),
			"the next counter":              token(id, "3", mac),
			"the MAC of another's session":  token(id, "2", otherMAC),
			"another's session":             token(otherID, "1", mac),
			"no such session":               token(strings.Repeat("x", 22), "2", mac),
			"no MAC":                        token(id, "2", ""),
			"a MAC of zeros":                token(id, "2", strings.Repeat("A", 43)),
			"a counter of zero":             token(id, "0", mac),
			"a negative counter":            token(id, "-2", mac),
			"a counter beyond numbers":      token(id, "99999999999999999999", mac),
			"a counter of 15 digits":        token(id, "999999999999999", mac),
		} {
			t.Run(name, func(t *testing.T) { forge(t, forged) })
		}
		for name, spelled := range spellings(a.RefreshToken, id, counter, mac) {
			t.Run("another spelling: "+name, func(t *testing.T) { forge(t, spelled) })
		}
		a = alive(t, nodes, a)
		alive(t, nodes, other)
		if got := thefts(t, s); len(got) != 0 {
			t.Errorf("forgery is recorded as theft of %v", got)
		}
	})
}

// pieces takes a refresh token apart.
func pieces(t testing.TB, refreshToken string) (id, counter, mac string) {
	t.Helper()
	p := strings.Split(strings.TrimPrefix(refreshToken, "rt_"), ".")
	if len(p) != 3 {
		t.Fatalf("the refresh token is %s", refreshToken)
	}
	return p[0], p[1], p[2]
}

// spellings writes a genuine refresh token in other ways that a parser might take for it.
func spellings(token, id, counter, mac string) map[string]string {
	out := map[string]string{
		"a leading zero":        "rt_" + id + ".0" + counter + "." + mac,
		"many leading zeros":    "rt_" + id + ".0000000" + counter + "." + mac,
		"a plus sign":           "rt_" + id + ".+" + counter + "." + mac,
		"an underscore":         "rt_" + id + "._" + counter + "." + mac,
		"hexadecimal":           "rt_" + id + ".0x" + counter + "." + mac,
		"a fraction":            "rt_" + id + "." + counter + ".0." + mac,
		"another digit":         "rt_" + id + ".\u0662." + mac, // ARABIC-INDIC DIGIT TWO
		"an upper-case prefix":  "RT_" + token[3:],
		"no prefix":             token[3:],
		"another prefix":        "ses_" + token[3:],
		"the prefix twice":      "rt_" + token,
		"truncated":             token[:len(token)-1],
		"one character more":    token + "A",
		"padded":                token + "=",
		"a space in front":      " " + token,
		"a space behind":        token + " ",
		"a line break behind":   token + "\n",
		"a line break inside":   token[:len(token)-5] + "\r\n" + token[len(token)-5:],
		"a NUL behind":          token + "\x00",
		"standard base64":       token[:len(token)-1] + "+",
		"a dot behind":          token + ".",
		"another case":          "rt_" + strings.ToLower(id) + "." + counter + "." + mac,
		"upper case throughout": strings.ToUpper(token),
		"as a Bearer value":     "Bearer " + token,
	}
	// The last character of 43 carries four bits: three others decode to the same bytes.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range len(alphabet) {
		if other := token[:len(token)-1] + alphabet[i:i+1]; other != token {
			out[fmt.Sprintf("last character %q", alphabet[i])] = other
		}
	}
	return out
}
