package main_test

import (
	"database/sql"
	"fmt"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestCommands runs the scripts of testdata/script twice: with the store to themselves, and
// while a server runs on it.
func TestCommands(t *testing.T) {
	t.Run("alone", func(t *testing.T) { runScripts(t, false) })
	t.Run("beside a server", func(t *testing.T) { runScripts(t, true) })
}

func runScripts(t *testing.T, beside bool) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Deadline:            time.Now().Add(12 * time.Minute), // for a server that must not start and does
		Condition: func(cond string) (bool, error) {
			if cond != "beside" {
				return false, fmt.Errorf("unknown condition %q", cond)
			}
			return beside, nil
		},
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", os.Getenv("GORACE"))
			env.Setenv("GATEHOUSE_LISTEN", "127.0.0.1:0")
			env.Setenv("GATEHOUSE_ADMIN_LISTEN", "")
			if beside {
				s := &site{program: "gatehouse", dir: env.WorkDir, env: append(env.Vars, "GATEHOUSE_DRAIN_DELAY=0s")}
				s.serve(env.T().(testing.TB))
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"capture": capture, "sql": execSQL},
	})
}

// capture NAME REGEXP puts what the parentheses match in the last standard output into a
// variable.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: capture NAME REGEXP")
	}
	found := regexp.MustCompile(args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) != 2 {
		ts.Fatalf("no match for %q with one pair of parentheses in %q", args[1], ts.ReadFile("stdout"))
	}
	ts.Setenv(args[0], found[1])
}

// execSQL runs statements on a SQLite file behind the service's back. They must change a row.
func execSQL(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sql FILE STATEMENT")
	}
	db, err := sql.Open("sqlite", "file:"+ts.MkAbs(args[0])+"?_pragma=busy_timeout(5000)")
	ts.Check(err)
	defer db.Close()
	result, err := db.Exec(args[1])
	ts.Check(err)
	if n, err := result.RowsAffected(); err != nil || n == 0 {
		ts.Fatalf("%d rows changed (%v)", n, err)
	}
}
