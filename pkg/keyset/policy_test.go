package keyset_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/keyset"
)

func TestPolicyValidate(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*keyset.Policy)
		field  string // empty: accepted
		says   string
	}{
		"the defaults":                         {func(*keyset.Policy) {}, "", ""},
		"3072 bits":                            {func(p *keyset.Policy) { p.Bits = 3072 }, "", ""},
		"the shortest rotation":                {func(p *keyset.Policy) { p.Rotation = p.Ahead() + p.Keep() }, "", ""},
		"a rotation that overlaps two keys":    {func(p *keyset.Policy) { p.Rotation = p.Ahead() + p.Keep() - 1 }, "Rotation", "25h7m40s"},
		"a rotation of years":                  {func(p *keyset.Policy) { p.Rotation = 3 * 366 * day }, "Rotation", "8784h"},
		"no rotation":                          {func(p *keyset.Policy) { p.Rotation = 0 }, "Rotation", "25h7m40s"},
		"a lead below a day":                   {func(p *keyset.Policy) { p.Lead = day - 1 }, "Lead", "24h"},
		"a lead below twice the cache time":    {func(p *keyset.Policy) { p.MaxAge = 13 * time.Hour }, "Lead", "26h"},
		"no token lifetime":                    {func(p *keyset.Policy) { p.TokenTTL = 0 }, "TokenTTL", "1s"},
		"a token lifetime of weeks":            {func(p *keyset.Policy) { p.TokenTTL = 14 * day }, "TokenTTL", "24h"},
		"no cache time":                        {func(p *keyset.Policy) { p.MaxAge = 0 }, "MaxAge", "1s"},
		"a negative skew":                      {func(p *keyset.Policy) { p.Skew = -1 }, "Skew", "0s"},
		"clocks that are hours off":            {func(p *keyset.Policy) { p.Skew = time.Hour }, "Skew", "5m"},
		"1024 bits":                            {func(p *keyset.Policy) { p.Bits = 1024 }, "Bits", "2048 3072 4096"},
		"unsafe: no lead":                      {func(p *keyset.Policy) { p.Unsafe, p.Lead = true, 0 }, "", ""},
		"unsafe: a rotation each minute":       {func(p *keyset.Policy) { p.Unsafe, p.Rotation = true, time.Minute }, "", ""},
		"unsafe: still no endless rotation":    {func(p *keyset.Policy) { p.Unsafe, p.Rotation = true, 0 }, "Rotation", "1s"},
		"unsafe: still no negative lead":       {func(p *keyset.Policy) { p.Unsafe, p.Lead = true, -1 }, "Lead", "0s"},
		"unsafe: still no short modulus":       {func(p *keyset.Policy) { p.Unsafe, p.Bits = true, 512 }, "Bits", "2048"},
		"unsafe: still no endless token":       {func(p *keyset.Policy) { p.Unsafe, p.TokenTTL = true, 1e9*time.Second }, "TokenTTL", "8784h"},
		"unsafe: still no negative cache time": {func(p *keyset.Policy) { p.Unsafe, p.MaxAge = true, -1 }, "MaxAge", "0s"},
		"unsafe: still no negative clock skew": {func(p *keyset.Policy) { p.Unsafe, p.Skew = true, -1 }, "Skew", "0s"},
	} {
		t.Run(name, func(t *testing.T) {
			p := policy()
			tc.change(&p)
			err := p.Validate()
			if tc.field == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			var pe *keyset.PolicyError
			if !errors.As(err, &pe) || pe.Field != tc.field || !strings.Contains(pe.Allowed, tc.says) {
				t.Fatalf("%v; want it to name %s and %s", err, tc.field, tc.says)
			}
		})
	}
}

func TestPolicyValidateNamesEverythingThatIsWrong(t *testing.T) {
	p := policy()
	p.Lead, p.Bits = time.Hour, 7
	err := p.Validate()
	for _, want := range []string{"Lead is 1h0m0s", "Bits is 7"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}
