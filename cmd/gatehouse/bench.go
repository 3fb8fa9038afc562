package main

import (
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatehouse-id/gatehouse/pkg/bench"
)

func newBench() *cobra.Command {
	var opts bench.Options
	var hello string
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure the service on this machine",
		Long: `Measure the service on this machine, and in the same run what the machine could do at best, so that
every figure is also a ratio. It starts a server with a temporary store, or takes --url with --key.
Load goes to this machine only. A benchmark is not a test: it exits 0 whatever the figures are.`,
		Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if hello != "" {
				return bench.Hello(cmd.Context(), hello, func(url string) { say(cmd.OutOrStdout(), "hello is serving on %s", url) })
			}
			opts.Progress = cmd.ErrOrStderr()
			report, err := bench.Run(cmd.Context(), opts)
			if err != nil {
				return err
			}
			var text strings.Builder
			if err := report.Table(&text); err != nil {
				return err
			}
			return show(cmd, report, func(w io.Writer) { say(w, "%s", strings.TrimRight(text.String(), "\n")) })
		},
	}
	c.Flags().DurationVar(&opts.Duration, "duration", 0, "how long each measurement takes (default 3s)")
	c.Flags().StringVar(&opts.URL, "url", "", "measure the server that runs here instead of one of its own")
	c.Flags().StringVar(&opts.Key, "key", "", "with --url: a secret API key with users:write and tokens:read")
	c.Flags().StringVar(&opts.MongoDB, "mongodb", "", "measure the search in this MongoDB too, in a database of its own")
	c.Flags().StringVar(&hello, "hello", "", "serve the bare hello that figures are compared with")
	_ = c.Flags().MarkHidden("hello") // it exists: it was made in the line above
	return jsonFlag(c)
}
