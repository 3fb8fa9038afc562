package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatehouse-id/gatehouse/pkg/app"
	"github.com/gatehouse-id/gatehouse/pkg/config"
)

func newServe() *cobra.Command {
	c := &cobra.Command{
		Use:   "serve",
		Short: "Serve until stopped",
		Long: `Serve until stopped. One line with the URL is printed once requests are accepted.

With --dev everything needed to try things out is made and printed: API keys, an administrator
and a curl line. It refuses an address that other machines can reach.

SIGTERM or Ctrl-C drains and stops; a second one stops at once.`,
		Args: takes(),
		RunE: serve,
	}
	c.Flags().Bool("dev", false, "try it out: fresh credentials are printed, limits are generous")
	return c
}

func serve(cmd *cobra.Command, _ []string) error {
	cfg, err := config.FromEnv(os.Environ())
	if err != nil {
		return err
	}
	dev, _ := cmd.Flags().GetBool("dev")
	if dev {
		if cfg, err = cfg.Dev(); err != nil {
			return err
		}
		cfg.DrainDelay = 0
	}
	tuneMemory()
	log := logger(cfg, cmd.ErrOrStderr())
	warn(cmd.Context(), cfg, log)
	a, err := app.Open(cmd.Context(), cfg, app.Options{Log: log, Exclusive: true, Tracing: config.Tracing(os.Environ())})
	if err != nil {
		return err
	}
	var creds *app.DevCredentials
	if dev {
		if creds, err = a.PrepareDev(cmd.Context()); err != nil {
			return err
		}
	}
	return a.Run(cmd.Context(), func(url string) {
		defer giveBack()
		say(cmd.OutOrStdout(), "gatehouse is serving on %s", url)
		if creds != nil {
			introduce(cmd.OutOrStdout(), asPublic(url, cfg.PublicURL), *creds, cfg.BridgeSecrets[0])
		}
	})
}

// asPublic returns the public URL when it leads to where a development server listens: what a
// browser keeps belongs to one of the two names, and links use the public one.
func asPublic(listening, public string) string {
	_, port, _ := strings.Cut(strings.TrimPrefix(listening, "http://"), ":")
	if strings.HasSuffix(public, ":"+port) {
		return public
	}
	return listening
}

func logger(cfg config.Config, w io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(w, opts))
	}
	return slog.New(slog.NewJSONHandler(w, opts))
}

// warn points at settings that are for tests, trials and closed networks only.
func warn(ctx context.Context, cfg config.Config, log *slog.Logger) {
	for _, w := range cfg.Warnings() {
		log.WarnContext(ctx, "a setting gives protection away", "warning", w)
	}
}

func introduce(w io.Writer, url string, c app.DevCredentials, bridge config.Secret) {
	say(w, `
  development mode: credentials are printed, limits are generous

  publishable API key  %s
  secret API key       %s
  administrator        %s
  password             %s
  bridge secret        %s

  example   %s/app/
  mails     %s/dev/mail
  API       %s/docs
  key set   %s/.well-known/jwks.json
  health    %s/readyz

  try it:

  curl -s %s/auth/login -H 'x-api-key: %s' -H 'content-type: application/json' -d '{"email":"%s","password":"%s"}'
`, c.Publishable, c.Secret, c.Email, c.Password, bridge.Reveal(), url, url, url, url, url, url, c.Publishable, c.Email, c.Password)
}
