package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gatehouse-id/gatehouse/pkg/app"
	"github.com/gatehouse-id/gatehouse/pkg/config"
	"github.com/gatehouse-id/gatehouse/pkg/fault"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "gatehouse",
		Short: "Gatehouse issues and guards identities: RS256 access tokens, sessions, invitations",
		Long: `Gatehouse issues and guards identities: RS256 access tokens, sessions, invitations.

Try it:        gatehouse serve --dev
For real:      gatehouse serve, configured by GATEHOUSE_* variables (gatehouse config lists them)

Every other command works on the configured store, whether or not a server runs on it.`,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(newServe(), newAPIKey(), newUser(), newInvite(), newKeys(), newAudit(), newConfig(), newDoctor(), newVersion(), newBench())
	return root
}

// group is a command that only holds others.
func group(use, short string, sub ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short}
	c.AddCommand(sub...)
	return c
}

// operator is who runs commands: somebody who has the store in hand.
var operator = identity.Actor{CLI: true}

// withApp runs a command on the configured store.
func withApp(do func(ctx context.Context, cmd *cobra.Command, args []string, a *app.App) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) (err error) {
		cfg, err := config.FromEnv(os.Environ())
		if err != nil {
			return err
		}
		ctx := cmd.Context()
		log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), &slog.HandlerOptions{Level: slog.LevelError}))
		a, err := app.Open(ctx, cfg, app.Options{Log: log})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.Close(context.WithoutCancel(ctx))) }()
		return do(ctx, cmd, args, a)
	}
}

// jsonFlag adds --json to a command.
func jsonFlag(c *cobra.Command) *cobra.Command {
	c.Flags().Bool("json", false, "print one JSON object")
	return c
}

// show prints v as one JSON object with --json, and otherwise what text writes.
func show(cmd *cobra.Command, v any, text func(w io.Writer)) error {
	if asJSON, _ := cmd.Flags().GetBool("json"); asJSON {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(v)
	}
	text(cmd.OutOrStdout())
	return nil
}

// say writes a line for a person. An output that has gone away is nobody's loss.
func say(w io.Writer, format string, args ...any) { _, _ = fmt.Fprintf(w, format+"\n", args...) }

// message is an error as a person at a terminal should read it: what was refused, and the
// cause behind it, for they own the store.
func message(err error) string {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err.Error()
	}
	lines := []string{f.Msg}
	for _, field := range f.Fields {
		lines = append(lines, "  "+field.Field+": "+field.Message)
	}
	if f.Err != nil {
		lines = append(lines, "  cause: "+f.Err.Error())
	}
	return strings.Join(lines, "\n")
}
