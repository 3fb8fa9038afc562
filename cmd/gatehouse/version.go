package main

import (
	"io"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker: -X main.version=...
var version = "dev"

func newVersion() *cobra.Command {
	return jsonFlag(&cobra.Command{
		Use: "version", Short: "Show the version", Args: takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			revision := ""
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						revision = s.Value
					}
				}
			}
			return show(cmd, map[string]string{"version": version, "revision": revision, "go": runtime.Version()},
				func(w io.Writer) { say(w, "gatehouse %s %s %s", version, revision, runtime.Version()) })
		},
	})
}
