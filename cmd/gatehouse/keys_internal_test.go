package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAKeyIDThatBeginsWithADashIsNoFlag(t *testing.T) {
	id := "-SZdMwC_" + strings.Repeat("x", 35)
	for _, c := range []struct {
		name      string
		got, want []string
	}{
		{"an id between others", []string{"keys", "revoke", id, "--json"}, []string{"keys", "revoke", "--json", "--", id}},
		{"an id behind the end of flags", []string{"keys", "revoke", "--", id}, []string{"keys", "revoke", "--", id}},
		{"an id without a dash", []string{"keys", "revoke", id[1:], "--json"}, []string{"keys", "revoke", id[1:], "--json"}},
		{"flags", []string{"-h", "--json", "-" + id[2:]}, []string{"-h", "--json", "-" + id[2:]}},
		{"nothing", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, keyIDsLast(c.got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
