package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain makes the test binary the gatehouse command too: tests find it on their PATH, and
// run it in processes of their own.
func TestMain(m *testing.M) {
	// Else a process with the race detector takes a second to end.
	_ = os.Setenv("GORACE", "atexit_sleep_ms=0")
	testscript.Main(m, map[string]func(){"gatehouse": main})
}
