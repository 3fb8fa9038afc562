package main

import (
	"os"
	"runtime/debug"
)

const (
	// collectAt lets the heap grow to five times what is in use before it is collected. What
	// is in use is a few megabytes, and at Go's default a busy server would spend a tenth of
	// its time collecting them.
	collectAt = 400
	// softLimit is where collecting becomes eager again, in bytes: password hashes come in
	// pieces of 19 MiB.
	softLimit = 192 << 20
)

// giveBack returns what only the start needed, parsed templates' drafts above all, to the
// system: a server that nobody asks anything should be small.
func giveBack() { debug.FreeOSMemory() }

// tuneMemory sets the garbage collector for a server, unless the operator has: by GOGC or
// GOMEMLIMIT.
func tuneMemory() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(collectAt)
		debug.SetMemoryLimit(softLimit)
	}
}
