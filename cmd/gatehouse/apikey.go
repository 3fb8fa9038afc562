package main

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatehouse-id/gatehouse/pkg/apikey"
	"github.com/gatehouse-id/gatehouse/pkg/app"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

func newAPIKey() *cobra.Command {
	return group("apikey", "Make, list and revoke API keys", newAPIKeyCreate(), newAPIKeyList(), newAPIKeyRevoke())
}

func newAPIKeyCreate() *cobra.Command {
	var n apikey.New
	var kind string
	c := &cobra.Command{
		Use:   "create --name NAME --kind publishable|secret [--scope SCOPE]...",
		Short: "Make an API key and show it this once",
		Long: `Make an API key and show it this once; only a hash is kept.

A publishable key names an app, may stand in a web page and opens the public flows. A secret key
authenticates a server within its scopes: ` + strings.Join(identity.AllScopes(), ", ") + `.
Keys of one name belong to one app: make the second before you revoke the first.`,
		Example: `  gatehouse apikey create --name web --kind publishable
  gatehouse apikey create --name backend --kind secret --scope users:read --scope users:write`,
		Args: takes(),
		RunE: withApp(func(ctx context.Context, cmd *cobra.Command, _ []string, a *app.App) error {
			n.Kind = identity.KeyKind(kind)
			k, key, err := a.APIKeys.Create(ctx, operator, n)
			if err != nil {
				return err
			}
			return show(cmd, struct {
				ID     string           `json:"id"`
				Key    string           `json:"key"`
				Kind   identity.KeyKind `json:"kind"`
				Scopes []string         `json:"scopes"`
			}{k.ID, key, k.Kind, list(k.Scopes)}, func(w io.Writer) {
				say(w, "%s\n\nThis is the only time the key is shown.", key)
			})
		}),
	}
	c.Flags().StringVar(&n.Name, "name", "", "the app the key belongs to")
	c.Flags().StringVar(&kind, "kind", "", "publishable or secret")
	c.Flags().StringArrayVar(&n.Scopes, "scope", nil, "what a secret key may do; may be given several times")
	c.Flags().DurationVar(&n.ExpiresIn, "expires-in", 0, "how long the key lives, such as 2160h; 0 means for ever")
	return jsonFlag(c)
}

type keyRow struct {
	ID         string           `json:"id"`
	Name       string           `json:"name"`
	Kind       identity.KeyKind `json:"kind"`
	Scopes     []string         `json:"scopes"`
	CreatedAt  *time.Time       `json:"createdAt"`
	ExpiresAt  *time.Time       `json:"expiresAt"`
	RevokedAt  *time.Time       `json:"revokedAt"`
	LastUsedAt *time.Time       `json:"lastUsedAt"`
}

func newAPIKeyList() *cobra.Command {
	return jsonFlag(&cobra.Command{
		Use: "list", Short: "List API keys, without the keys themselves", Args: takes(),
		RunE: withApp(func(ctx context.Context, cmd *cobra.Command, _ []string, a *app.App) error {
			keys, err := a.APIKeys.List(ctx)
			if err != nil {
				return err
			}
			rows := make([]keyRow, 0, len(keys))
			for _, k := range keys {
				rows = append(rows, keyRow{
					k.ID, k.Name, k.Kind, list(k.Scopes), when(k.CreatedAt), when(k.ExpiresAt), when(k.RevokedAt), when(k.LastUsedAt),
				})
			}
			return show(cmd, map[string]any{"keys": rows}, func(w io.Writer) {
				t := newTable(w, "ID", "NAME", "KIND", "SCOPES", "CREATED", "EXPIRES", "REVOKED", "LAST USED")
				for _, r := range rows {
					t.row(r.ID, r.Name, string(r.Kind), strings.Join(r.Scopes, " "), day(r.CreatedAt), day(r.ExpiresAt), day(r.RevokedAt), day(r.LastUsedAt))
				}
				t.flush()
			})
		}),
	})
}

func newAPIKeyRevoke() *cobra.Command {
	return jsonFlag(&cobra.Command{
		Use: "revoke ID", Short: "Revoke an API key; servers refuse it within five seconds", Args: takes("ID"),
		RunE: withApp(func(ctx context.Context, cmd *cobra.Command, args []string, a *app.App) error {
			if err := a.APIKeys.Revoke(ctx, operator, args[0]); err != nil {
				return err
			}
			return show(cmd, map[string]any{"id": args[0], "revoked": true}, func(w io.Writer) { say(w, "revoked %s", args[0]) })
		}),
	})
}
