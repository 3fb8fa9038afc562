package sqlite

import "testing"

func TestVersionsOfSQLiteThatLoseCommitsAreRefused(t *testing.T) {
	for version, want := range map[string]bool{
		"3.51.3": false, "3.51.10": false, "3.54.1": false, "4.0.0": false,
		"3.51.2": true, "3.9.0": true, "3.50.99": true, "2.99.99": true,
	} {
		if got, err := tooOld(version); err != nil || got != want {
			t.Errorf("%s: got %t, %v, want %t", version, got, err, want)
		}
	}
	if _, err := tooOld("unknown"); err == nil {
		t.Error("a version that is none was accepted")
	}
}
