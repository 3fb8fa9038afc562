package sqlite_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/store/sqlite"
)

// childPath names the variable that makes this test binary a writer instead of a test.
const childPath = "GATEHOUSE_TEST_CHILD"

// TestChild is not a test of its own: other tests run it in a process of its own. It writes
// until it is killed, or its standard input tells it to stop, and prints the id of each
// session when its write has been answered.
func TestChild(t *testing.T) {
	path := os.Getenv(childPath)
	if path == "" {
		t.Skip("runs as the child of other tests")
	}
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	go func() {
		_, _ = bufio.NewReader(os.Stdin).ReadByte()
		close(stop)
	}()
	var out sync.Mutex
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				id := fmt.Sprintf("child-%d-%d", worker, n)
				if err := s.StartSession(t.Context(), sampleSession(id), follows(id)); err != nil {
					t.Error(err)
					return
				}
				out.Lock()
				fmt.Println("ack " + id)
				out.Unlock()
			}
		})
	}
	group.Wait()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// child is a writing process.
type child struct {
	cmd  *exec.Cmd
	acks *bufio.Scanner
	stop func() error
}

func startChild(t *testing.T, path string) *child {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$", "-test.count=1")
	cmd.Env = append(os.Environ(), childPath+"="+path)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return &child{cmd: cmd, acks: bufio.NewScanner(out), stop: in.Close}
}

// next returns the id of the next write that was answered, false when there are no more.
func (c *child) next(t *testing.T) (string, bool) {
	t.Helper()
	for c.acks.Scan() {
		if id, ok := strings.CutPrefix(c.acks.Text(), "ack "); ok {
			return id, true
		}
		if c.acks.Text() != "PASS" {
			t.Log("child: " + c.acks.Text())
		}
	}
	return "", false
}

func TestNoAnsweredWriteIsLostWhenTheProcessIsKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatehouse.db")
	for round := range 3 {
		path := fmt.Sprintf("%s-%d", path, round)
		c := startChild(t, path)
		var acked []string
		for range 200 + 50*round {
			id, ok := c.next(t)
			if !ok {
				t.Fatal("the child stopped by itself")
			}
			acked = append(acked, id)
		}
		if err := c.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for id, ok := c.next(t); ok; id, ok = c.next(t) {
			acked = append(acked, id)
		}
		_ = c.cmd.Wait()

		s := open(t, path)
		if err := s.Check(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantWhole(t, s, acked)
	}
}

// wantWhole fails unless every session is there, each with its consequence.
func wantWhole(t *testing.T, s *sqlite.Store, ids []string) {
	t.Helper()
	due, err := s.ClaimDue(t.Context(), when, when.Sub(when), 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	recorded := make(map[string]bool, len(due))
	for _, d := range due {
		recorded[d.ID] = true
		if _, err := s.Session(t.Context(), d.ID); err != nil {
			t.Fatalf("the consequence %s is there and its session is not: %v", d.ID, err)
		}
	}
	for _, id := range ids {
		if _, err := s.Session(t.Context(), id); err != nil || !recorded[id] {
			t.Fatalf("the write of %s was answered and is gone: %v, consequence %t", id, err, recorded[id])
		}
	}
}

func TestTwoProcessesWriteAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gatehouse.db")
	s := open(t, path)
	if err := s.LockExclusive(); err != nil { // does not concern the other process: it is no server
		t.Fatal(err)
	}
	c := startChild(t, path)
	first, ok := c.next(t)
	if !ok {
		t.Fatal("the child writes nothing")
	}
	acked := []string{first}
	var group sync.WaitGroup
	errs := make([]error, 4)
	for worker := range errs {
		group.Go(func() {
			for n := range 50 {
				id := fmt.Sprintf("parent-%d-%d", worker, n)
				errs[worker] = errors.Join(errs[worker], s.StartSession(t.Context(), sampleSession(id), follows(id)))
			}
		})
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	if err := c.stop(); err != nil {
		t.Fatal(err)
	}
	for id, ok := c.next(t); ok; id, ok = c.next(t) {
		acked = append(acked, id)
	}
	if err := c.cmd.Wait(); err != nil {
		t.Errorf("the other process failed: %v", err)
	}
	for worker := range errs {
		for n := range 50 {
			acked = append(acked, fmt.Sprintf("parent-%d-%d", worker, n))
		}
	}
	wantWhole(t, s, acked)
}
