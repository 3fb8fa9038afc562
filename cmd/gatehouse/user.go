package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gatehouse-id/gatehouse/pkg/account"
	"github.com/gatehouse-id/gatehouse/pkg/app"
	"github.com/gatehouse-id/gatehouse/pkg/identity"
)

func newUser() *cobra.Command {
	return group("user", "Make, show, change and delete accounts",
		newUserCreate(), newUserSet(), newUserList(), newUserShow(), newUserDelete())
}

type userRow struct {
	LocalID       string     `json:"localId"`
	Email         string     `json:"email"`
	UserType      string     `json:"userType"`
	EmailVerified bool       `json:"emailVerified"`
	Disabled      bool       `json:"disabled"`
	Name          string     `json:"name"`
	UserName      string     `json:"userName,omitempty"`
	CreatedAt     *time.Time `json:"createdAt"`
}

func rowOf(u identity.User) userRow {
	return userRow{u.ID, u.Email, u.UserType, u.EmailVerified, u.Disabled, u.FullName(), u.Username, when(u.CreatedAt)}
}

func showUser(cmd *cobra.Command, u identity.User) error {
	r := rowOf(u)
	return show(cmd, r, func(w io.Writer) {
		say(w, "localId    %s\nemail      %s\nuserType   %s\nverified   %t\ndisabled   %t\nname       %s\nuser name  %s\ncreated    %s",
			r.LocalID, r.Email, r.UserType, r.EmailVerified, r.Disabled, r.Name, r.UserName, day(r.CreatedAt))
	})
}

func newUserCreate() *cobra.Command {
	var email, userName, userType string
	var verified, stdin bool
	c := &cobra.Command{
		Use:     "create --email EMAIL --password-stdin",
		Short:   "Make an account; the first line of standard input is its password",
		Example: `  printf '%s\n' "$PASSWORD" | gatehouse user create --email ada@example.com --user-type admin --verified --password-stdin`,
		Args:    takes(),
		RunE: withApp(func(ctx context.Context, cmd *cobra.Command, _ []string, a *app.App) error {
			if !stdin {
				return errors.New("give the password on standard input and say so with --password-stdin: an argument would be visible to everybody on the machine")
			}
			password, err := firstLine(cmd.InOrStdin())
			if err != nil {
				return err
			}
			u, err := a.Accounts.Create(ctx, operator, account.Draft{Email: email, Password: password, Username: userName},
				account.Setting{UserType: &userType, Verified: &verified})
			if err != nil {
				return err
			}
			return showUser(cmd, u)
		}),
	}
	c.Flags().StringVar(&email, "email", "", "the address to sign in by")
	c.Flags().StringVar(&userName, "user-name", "", "another name to sign in by, where the API takes one")
	c.Flags().StringVar(&userType, "user-type", identity.Customer, "customer, admin or superadmin")
	c.Flags().BoolVar(&verified, "verified", false, "the address is known to be theirs")
	c.Flags().BoolVar(&stdin, "password-stdin", false, "read the password from standard input")
	return jsonFlag(c)
}

func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, 4096)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func newUserSet() *cobra.Command {
	var userName, userType string
	var disabled, verified bool
	c := &cobra.Command{
		Use:   "set EMAIL|LOCALID [--user-type TYPE] [--user-name NAME] [--disabled=true|false] [--verified=true|false]",
		Short: "Change an account; disabling it ends its sessions",
		Args:  takes("EMAIL|LOCALID"),
		RunE: withApp(func(ctx context.Context, cmd *cobra.Command, args []string, a *app.App) error {
			var set account.Setting
			if cmd.Flags().Changed("user-type") {
				set.UserType = &userType
			}
			if cmd.Flags().Changed("user-name") {
				set.Username = &userName
			}
			if cmd.Flags().Changed("disabled") {
				set.Disabled = &disabled
			}
			if cmd.Flags().Changed("verified") {
				set.Verified = &verified
			}
			if set == (account.Setting{}) {
				return errors.New("nothing to change: give --user-type, --user-name, --disabled or --verified")
			}
			u, err := a.Accounts.Set(ctx, operator, args[0], set)
			if err != nil {
				return err
			}
			return showUser(cmd, u)
		}),
	}
	c.Flags().StringVar(&userType, "user-type", "", "customer, admin or superadmin")
	c.Flags().StringVar(&userName, "user-name", "", "another name to sign in by; an empty one takes it away")
	c.Flags().BoolVar(&disabled, "disabled", false, "shut the account, or open it again with --disabled=false")
	c.Flags().BoolVar(&verified, "verified", false, "whether the address is known to be theirs")
	return jsonFlag(c)
}

const userPage = 200

func newUserList() *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List accounts, in the order of their ids", Args: takes(),
		RunE: withApp(func(ctx context.Context, cmd *cobra.Command, _ []string, a *app.App) error {
			if limit < 1 {
				return errors.New("--limit is at least 1")
			}
			rows := []userRow{}
			for after := ""; len(rows) < limit; {
				page, err := a.Accounts.List(ctx, after, min(userPage, limit))
				if err != nil {
					return err
				}
				if len(page) == 0 {
					break
				}
				after = page[len(page)-1].ID
				for _, u := range page {
					if u.Active() && len(rows) < limit {
						rows = append(rows, rowOf(u))
					}
				}
			}
			return show(cmd, map[string]any{"users": rows}, func(w io.Writer) {
				t := newTable(w, "LOCAL ID", "EMAIL", "TYPE", "VERIFIED", "DISABLED", "NAME", "CREATED")
				for _, r := range rows {
					t.row(r.LocalID, r.Email, r.UserType, fmt.Sprint(r.EmailVerified), fmt.Sprint(r.Disabled), r.Name, day(r.CreatedAt))
				}
				t.flush()
			})
		}),
	}
	c.Flags().IntVar(&limit, "limit", 1000, "at most this many")
	return jsonFlag(c)
}

func newUserShow() *cobra.Command {
	return jsonFlag(&cobra.Command{
		Use: "show EMAIL|LOCALID", Short: "Show one account", Args: takes("EMAIL|LOCALID"),
		RunE: withApp(func(ctx context.Context, cmd *cobra.Command, args []string, a *app.App) error {
			u, err := a.Accounts.Find(ctx, args[0])
			if err != nil {
				return err
			}
			return showUser(cmd, u)
		}),
	})
}

func newUserDelete() *cobra.Command {
	return jsonFlag(&cobra.Command{
		Use: "delete EMAIL|LOCALID", Short: "Delete an account for good and end its sessions", Args: takes("EMAIL|LOCALID"),
		RunE: withApp(func(ctx context.Context, cmd *cobra.Command, args []string, a *app.App) error {
			u, err := a.Accounts.Delete(ctx, operator, args[0])
			if err != nil {
				return err
			}
			return show(cmd, map[string]any{"localId": u.ID, "deleted": true}, func(w io.Writer) { say(w, "deleted %s", u.ID) })
		}),
	})
}
