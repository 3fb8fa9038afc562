package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/gatehouse-id/gatehouse/pkg/config"
)

func newConfig() *cobra.Command {
	return jsonFlag(&cobra.Command{
		Use:   "config",
		Short: "Show every setting, its value and its meaning, secrets masked",
		Args:  takes(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := config.FromEnv(os.Environ())
			if err != nil {
				return err
			}
			if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
				return show(cmd, map[string]any{"settings": cfg.Effective()}, nil)
			}
			return cfg.Print(cmd.OutOrStdout())
		},
	})
}
