package main

import (
	"context"
	"io"
	"regexp"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatehouse-id/gatehouse/pkg/app"
	"github.com/gatehouse-id/gatehouse/pkg/keyring"
	"github.com/gatehouse-id/gatehouse/pkg/keyset"
)

func newKeys() *cobra.Command {
	return group("keys", "List, rotate and revoke signing keys", newKeysList(), newKeysRotate(), newKeysRevoke())
}

func showTimeline(cmd *cobra.Command, rows []keyset.Row) error {
	return show(cmd, map[string]any{"keys": rows}, func(w io.Writer) {
		t := newTable(w, "KID", "STATE", "CREATED", "SIGNS FROM", "SIGNS UNTIL", "REMOVED")
		for _, r := range rows {
			t.row(r.KID, string(r.State), day(when(r.CreatedAt)), day(when(r.ActivatesAt)), day(when(r.RetiresAt)), day(when(r.RemovedAt)))
		}
		t.flush()
	})
}

func newKeysList() *cobra.Command {
	return jsonFlag(&cobra.Command{
		Use: "list", Short: "Show the signing keys and when they change", Args: takes(),
		RunE: withApp(func(ctx context.Context, cmd *cobra.Command, _ []string, a *app.App) error {
			rows, err := a.Keys.List(ctx)
			if err != nil {
				return err
			}
			return showTimeline(cmd, rows)
		}),
	})
}

func newKeysRotate() *cobra.Command {
	var atOnce, dry bool
	c := &cobra.Command{
		Use:   "rotate [--dry-run] [--now]",
		Short: "Publish the next signing key; it signs when the lead is over",
		Long: `Publish the next signing key now and let it sign when the lead is over, so that every verifier
knows it by then. Servers rotate by themselves; this is for doing it earlier.

With --now the new key signs at once, and verifiers that keep an older key set refuse its tokens
until they fetch a new one. With --dry-run the timeline is printed and nothing changes.`,
		Args: takes(),
		RunE: withApp(func(ctx context.Context, cmd *cobra.Command, _ []string, a *app.App) error {
			if dry {
				rows, err := a.Keys.DryRun(ctx, atOnce)
				if err != nil {
					return err
				}
				return showTimeline(cmd, rows)
			}
			r, err := a.Keys.Rotate(ctx, atOnce)
			if err != nil {
				return err
			}
			return showRotation(cmd, r)
		}),
	}
	c.Flags().BoolVar(&atOnce, "now", false, "sign with the new key at once")
	c.Flags().BoolVar(&dry, "dry-run", false, "print the timeline and change nothing")
	return jsonFlag(c)
}

func showRotation(cmd *cobra.Command, r keyring.Rotation) error {
	out := struct {
		KID         string    `json:"kid"`
		ActivatesAt time.Time `json:"activatesAt"`
		Waiting     bool      `json:"waiting"`
		RefusedFor  int64     `json:"refusedForSeconds"`
	}{r.KID, r.ActivatesAt, r.Waiting, int64((r.RefusedFor + time.Second - 1) / time.Second)}
	return show(cmd, out, func(w io.Writer) {
		switch {
		case r.Waiting:
			say(w, "%s is published already and signs from %s", r.KID, day(&r.ActivatesAt))
		case r.RefusedFor > 0:
			say(w, "%s signs now\nwarning: verifiers with a cached key set may refuse its tokens for up to %s", r.KID, r.RefusedFor.Round(time.Second))
		default:
			say(w, "%s signs from %s", r.KID, day(&r.ActivatesAt))
		}
	})
}

// dashedKeyID is a key id (43 characters of base64url) that begins like a flag, as one in 64
// does. No flag looks like one.
var dashedKeyID = regexp.MustCompile(`^-[A-Za-z0-9_-]{42}$`)

// keyIDsLast moves such ids behind "--", where flags have ended, so that they may be typed as
// they are printed. Whoever writes "--" is left alone.
func keyIDsLast(args []string) []string {
	isID := func(a string) bool { return dashedKeyID.MatchString(a) }
	if slices.Contains(args, "--") || !slices.ContainsFunc(args, isID) {
		return args
	}
	var ids []string
	out := make([]string, 0, len(args)+1)
	for _, a := range args {
		if isID(a) {
			ids = append(ids, a)
		} else {
			out = append(out, a)
		}
	}
	return append(append(out, "--"), ids...)
}

func newKeysRevoke() *cobra.Command {
	return jsonFlag(&cobra.Command{
		Use:   "revoke KID",
		Short: "Take a signing key out at once and end what it signed",
		Long: `Take a compromised signing key out of the published set at once. Servers refuse its tokens within
five seconds, other verifiers when their cached key set is renewed. Another key signs in its place.`,
		Args: takes("KID"),
		RunE: withApp(func(ctx context.Context, cmd *cobra.Command, args []string, a *app.App) error {
			r, err := a.Keys.Revoke(ctx, args[0])
			if err != nil {
				return err
			}
			return showRotation(cmd, r)
		}),
	})
}
