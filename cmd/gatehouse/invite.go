package main

import (
	"context"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatehouse-id/gatehouse/pkg/app"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/invite"
)

func newInvite() *cobra.Command {
	return group("invite", "Make, list and revoke invitations", newInviteCreate(), newInviteList(), newInviteRevoke())
}

func newInviteCreate() *cobra.Command {
	var n invite.New
	c := &cobra.Command{
		Use:     "create",
		Short:   "Make an invitation and show its code this once",
		Example: `  gatehouse invite create --email ada@example.com --expires-in 72h`,
		Args:    takes(),
		RunE: withApp(func(ctx context.Context, cmd *cobra.Command, _ []string, a *app.App) error {
			n.MaxUses, n.ExpiresIn = said(n.MaxUses), said(n.ExpiresIn)
			all, err := a.Invites.Create(ctx, operator, n)
			if err != nil {
				return err
			}
			i := all[0]
			return show(cmd, struct {
				ID        string    `json:"id"`
				Code      string    `json:"code"`
				ExpiresAt time.Time `json:"expiresAt"`
				URL       string    `json:"url"`
			}{i.ID, i.Code, i.ExpiresAt, i.URL}, func(w io.Writer) {
				say(w, "code     %s\nlink     %s\nexpires  %s\n\nThis is the only time the code is shown.", i.Code, i.URL, day(&i.ExpiresAt))
			})
		}),
	}
	c.Flags().StringVar(&n.Email, "email", "", "the only address that may use it; empty means any")
	c.Flags().Int64Var(&n.MaxUses, "max-uses", 1, "how many accounts may come of it")
	c.Flags().DurationVar(&n.ExpiresIn, "expires-in", invite.DefaultLifetime, "how long it is good")
	c.Flags().StringVar(&n.UserType, "user-type", identity.Customer, "what its accounts become: customer, admin or superadmin")
	c.Flags().StringVar(&n.Note, "note", "", "what it is for")
	return jsonFlag(c)
}

type inviteRow struct {
	ID        string                   `json:"id"`
	State     identity.InvitationState `json:"state"`
	Email     string                   `json:"email,omitempty"`
	Uses      int64                    `json:"uses"`
	MaxUses   int64                    `json:"maxUses"`
	UserType  string                   `json:"userType"`
	Note      string                   `json:"note,omitempty"`
	CreatedAt *time.Time               `json:"createdAt"`
	ExpiresAt *time.Time               `json:"expiresAt"`
}

func newInviteList() *cobra.Command {
	var state string
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List invitations, newest first, without their codes", Args: takes(),
		RunE: withApp(func(ctx context.Context, cmd *cobra.Command, _ []string, a *app.App) error {
			page, err := a.Invites.List(ctx, invite.Query{State: identity.InvitationState(state), Limit: said(limit)})
			if err != nil {
				return err
			}
			rows := make([]inviteRow, 0, len(page.Invitations))
			for _, i := range page.Invitations {
				rows = append(rows, inviteRow{
					i.ID, i.State(a.Now()), i.Email, i.Confirmed(), i.MaxUses, i.UserType, i.Note, when(i.CreatedAt), when(i.ExpiresAt),
				})
			}
			return show(cmd, map[string]any{"invitations": rows}, func(w io.Writer) {
				t := newTable(w, "ID", "STATE", "USES", "EMAIL", "TYPE", "EXPIRES", "NOTE")
				for _, r := range rows {
					uses := strconv.FormatInt(r.Uses, 10) + "/" + strconv.FormatInt(r.MaxUses, 10)
					t.row(r.ID, string(r.State), uses, r.Email, r.UserType, day(r.ExpiresAt), r.Note)
				}
				t.flush()
			})
		}),
	}
	c.Flags().StringVar(&state, "state", "", "pending, used, expired or revoked; empty means all")
	c.Flags().IntVar(&limit, "limit", 50, "at most this many, up to 100")
	return jsonFlag(c)
}

func newInviteRevoke() *cobra.Command {
	return jsonFlag(&cobra.Command{
		Use: "revoke ID", Short: "Make an invitation worthless at once", Args: takes("ID"),
		RunE: withApp(func(ctx context.Context, cmd *cobra.Command, args []string, a *app.App) error {
			if err := a.Invites.Revoke(ctx, operator, args[0]); err != nil {
				return err
			}
			return show(cmd, map[string]any{"id": args[0], "revoked": true}, func(w io.Writer) { say(w, "revoked %s", args[0]) })
		}),
	})
}
