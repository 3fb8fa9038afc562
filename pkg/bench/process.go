package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

const (
	startTimeout = 30 * time.Second
	stopTimeout  = 30 * time.Second
)

// process is a server that was started and has said that it is ready.
type process struct {
	pid    int
	took   time.Duration // from its start to the line that says it is ready
	ended  chan struct{} // closed when it has ended
	err    error         // how it ended, once ended is closed
	name   string
	stdout *head
	stderr *head
}

// start runs a command until its first line on standard output. It does not outlive ctx, nor
// this program.
func start(ctx context.Context, argv, env []string) (*process, error) {
	p := &process{
		ended: make(chan struct{}), name: strings.Join(argv, " "),
		stdout: &head{line: make(chan struct{})}, stderr: &head{line: make(chan struct{})},
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // the caller's own command
	cmd.Env, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = env, p.stdout, p.stderr, stopTimeout
	cmd.SysProcAttr = bound()
	began, started := time.Now(), make(chan error)
	go func() {
		// To the kernel the parent is this thread, and with its end the process would end.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.ended)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("bench: start %s: %w", p.name, err)
	}
	p.pid = cmd.Process.Pid
	timeout := time.NewTimer(startTimeout)
	defer timeout.Stop()
	select {
	case <-p.stdout.line:
		p.took = p.stdout.at.Sub(began)
		if !strings.Contains(p.stdout.first, "http://") {
			return nil, errors.Join(fmt.Errorf("bench: %s said %q and not its URL", p.name, p.stdout.first), p.stop())
		}
		return p, nil
	case <-p.ended:
		return nil, fmt.Errorf("bench: %s ended before it was ready: %w: %s", p.name, p.err, p.stderr)
	case <-ctx.Done():
		<-p.ended
		return nil, context.Cause(ctx)
	case <-timeout.C:
		err := p.stop()
		return nil, errors.Join(fmt.Errorf("bench: %s was not ready in %s: %s", p.name, startTimeout, p.stderr), err)
	}
}

// stop asks the process to end, and insists when it does not. Unless it then ends by itself and
// says that all is well, that is an error.
func (p *process) stop() error {
	self, err := os.FindProcess(p.pid)
	if err != nil {
		return fmt.Errorf("bench: stop %s: %w", p.name, err)
	}
	_ = self.Signal(syscall.SIGTERM) // it may have ended already: what it said then is told below
	timeout := time.NewTimer(stopTimeout)
	defer timeout.Stop()
	select {
	case <-p.ended:
	case <-timeout.C:
		_ = self.Kill()
		<-p.ended
		return fmt.Errorf("bench: %s did not stop in %s", p.name, stopTimeout)
	}
	if p.err != nil {
		return fmt.Errorf("bench: %s did not stop well: %w: %s", p.name, p.err, p.stderr)
	}
	return nil
}

// head keeps the first 4 KiB that are written to it and notes when the first line was complete.
type head struct {
	text  bytes.Buffer  // to be read when its writer has ended
	line  chan struct{} // closed when first and at hold
	first string
	at    time.Time
}

func (h *head) Write(b []byte) (int, error) {
	now := time.Now()
	h.text.Write(b[:min(len(b), 4<<10-h.text.Len())])
	if h.at.IsZero() && bytes.IndexByte(b, '\n') >= 0 {
		first, _, _ := strings.Cut(h.text.String(), "\n")
		h.first, h.at = first, now
		close(h.line)
	}
	return len(b), nil
}

func (h *head) String() string { return strings.TrimSpace(h.text.String()) }
