package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatehouse-id/gatehouse/pkg/app"
	"github.com/gatehouse-id/gatehouse/pkg/config"
)

func newDoctor() *cobra.Command {
	var health bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check configuration, store, keys and audit log, and say what is wrong",
		Long: `Check configuration, store, keys and audit log, and say what is wrong; exits 1 when something is.

With --health only ask the server that should be running here whether it is ready, as container
health checks do.`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.FromEnv(os.Environ())
			if err != nil {
				return err
			}
			if health {
				return askHealth(cmd.Context(), cfg)
			}
			return examine(cmd, cfg)
		},
	}
	c.Flags().BoolVar(&health, "health", false, "ask the running server whether it is ready")
	return jsonFlag(c)
}

// askHealth asks the server at the configured address.
func askHealth(ctx context.Context, cfg config.Config) error {
	host, port, err := net.SplitHostPort(cfg.Listen)
	if err != nil {
		return err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/readyz", http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", resp.Status)
	}
	return nil
}

type finding struct {
	Check  string `json:"check"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// examine runs the checks in order and stops where the next ones make no sense.
func examine(cmd *cobra.Command, cfg config.Config) error {
	ctx := cmd.Context()
	findings := []finding{{"configuration", true, "every GATEHOUSE_* variable is good"}}
	a, err := app.Open(ctx, cfg, app.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		findings = append(findings, finding{"store and keys", false, message(err)})
	} else {
		findings = append(findings, checks(ctx, a)...)
		if err := a.Close(ctx); err != nil {
			findings = append(findings, finding{"close", false, message(err)})
		}
	}
	well := true
	for _, f := range findings {
		well = well && f.OK
	}
	err = show(cmd, map[string]any{"ok": well, "checks": findings}, func(w io.Writer) {
		for _, f := range findings {
			mark := "ok  "
			if !f.OK {
				mark = "FAIL"
			}
			say(w, "%s  %s: %s", mark, f.Check, f.Detail)
		}
	})
	if err == nil && !well {
		return errReported
	}
	return err
}

func checks(ctx context.Context, a *app.App) []finding {
	check := func(name string, do func() (string, error)) finding {
		detail, err := do()
		if err != nil {
			return finding{name, false, message(err)}
		}
		return finding{name, true, detail}
	}
	return []finding{
		check("store", func() (string, error) {
			if err := a.Store.Ping(ctx); err != nil {
				return "", err
			}
			return a.Store.Describe(ctx)
		}),
		check("signing keys", func() (string, error) {
			rows, err := a.Keys.List(ctx)
			return fmt.Sprintf("%d keys, they open with the master key", len(rows)), err
		}),
		check("audit log", func() (string, error) {
			report, err := a.Audit.Verify(ctx)
			if err == nil && !report.OK {
				err = fmt.Errorf("the chain is broken at entry %d: %s", report.BadSeq, report.Problem)
			}
			return fmt.Sprintf("%d events, the chain holds", report.Events), err
		}),
	}
}
