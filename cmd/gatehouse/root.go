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
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w; `%s --help` lists the flags", err, c.CommandPath())
	})
	return holds(root, newServe(), newAPIKey(), newUser(), newInvite(), newKeys(), newAudit(), newConfig(), newDoctor(), newVersion(), newBench())
}

// group is a command that only holds others.
func group(use, short string, sub ...*cobra.Command) *cobra.Command {
	return holds(&cobra.Command{Use: use, Short: short}, sub...)
}

// holds makes c a command that only holds others: by itself it shows its help, and a word that
// names none of them is an error. Cobra alone would show the help and report success.
func holds(c *cobra.Command, sub ...*cobra.Command) *cobra.Command {
	c.AddCommand(sub...)
	c.Args, c.DisableFlagsInUseLine = cobra.ArbitraryArgs, true
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		names := make([]string, 0, len(sub))
		for _, s := range sub {
			names = append(names, s.Name())
		}
		return fmt.Errorf("there is no command %q in `%s`; there are: %s", args[0], cmd.CommandPath(), strings.Join(names, ", "))
	}
	return c
}

// takes says what arguments a command has, by name. The error does not repeat what was given
// instead: it may be a password.
func takes(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == len(names):
			return nil
		case len(names) == 0:
			return fmt.Errorf("`%s` takes no arguments", cmd.CommandPath())
		default:
			return fmt.Errorf("`%s` takes exactly this: %s", cmd.CommandPath(), strings.Join(names, " "))
		}
	}
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

// said returns the value of a flag for a service that takes zero to mean "not said": a zero
// that somebody has typed is out of range.
func said[T ~int | ~int64](v T) T {
	if v == 0 {
		return -1
	}
	return v
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
