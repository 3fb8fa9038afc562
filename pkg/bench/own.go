package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// coldStarts is how often a start is timed, for the median.
const coldStarts = 3

// command is the gatehouse command with arguments.
func (b *run) command(args ...string) []string {
	return append(slices.Clone(b.Server), args...)
}

// environment is this program's without what configures a Gatehouse, then the settings given
// here, then the caller's.
func (b *run) environment(settings ...string) []string {
	inherited := slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "GATEHOUSE_") })
	return slices.Concat(inherited, settings, b.Env)
}

// own measures a server of its own with a store and keys of its own.
func (b *run) own(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "gatehouse-bench-")
	if err != nil {
		return fmt.Errorf("bench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	host, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	env := b.environment(
		"GATEHOUSE_LISTEN="+host, "GATEHOUSE_ADMIN_LISTEN=", "GATEHOUSE_PUBLIC_URL=http://"+host,
		"GATEHOUSE_STORE="+filepath.Join(dir, "gatehouse.db"), "GATEHOUSE_KEY_DIR="+filepath.Join(dir, "keys"),
		"GATEHOUSE_RATE_LIMIT=off", "GATEHOUSE_LOG_LEVEL=error", "GATEHOUSE_DRAIN_DELAY=0s",
	)
	server, took, err := b.startOften(ctx, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.stop()) }()
	key, err := b.createKey(ctx, env)
	if err != nil {
		return err
	}
	idle, _ := memory(server.pid)
	b.report.Server = &Server{ColdStartMillis: millis(took), IdleRSS: idle}
	err = b.measureAll(ctx, target{host: host, key: key, pid: server.pid})
	_, b.report.Server.PeakRSS = memory(server.pid)
	return err
}

// startOften starts a server, which makes its key and store, and then again and again with
// both there. It returns the last one, running, and the median of how long those starts took.
func (b *run) startOften(ctx context.Context, env []string) (*process, time.Duration, error) {
	b.say("start a server, and again")
	server, err := start(ctx, b.command("serve"), env)
	var took []time.Duration
	for err == nil && len(took) < coldStarts {
		if err = server.stop(); err != nil {
			break
		}
		if server, err = start(ctx, b.command("serve"), env); err == nil {
			took = append(took, server.took)
		}
	}
	if err != nil {
		return nil, 0, err
	}
	slices.Sort(took)
	return server, took[len(took)/2], nil
}

// createKey makes an API key on the server's store.
func (b *run) createKey(ctx context.Context, env []string) (string, error) {
	argv := b.command("apikey", "create", "--name", "bench", "--kind", "secret",
		"--scope", "users:read", "--scope", "users:write", "--scope", "tokens:read", "--json")
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // the caller's own command
	cmd.Env, cmd.SysProcAttr = env, bound()
	stdout, err := cmd.Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return "", fmt.Errorf("bench: create an API key: %w: %s", err, failed.Stderr)
	}
	var created struct {
		Key string `json:"key"`
	}
	if err = errors.Join(err, json.Unmarshal(stdout, &created)); err != nil || created.Key == "" {
		return "", fmt.Errorf("bench: create an API key: no key in the answer: %w", err)
	}
	return created.Key, nil
}
