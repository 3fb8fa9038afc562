package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/gatehouse-id/gatehouse/pkg/app"
)

func newAudit() *cobra.Command {
	return group("audit", "Verify and export the audit log", newAuditVerify(), newAuditExport())
}

func newAuditVerify() *cobra.Command {
	return jsonFlag(&cobra.Command{
		Use:   "verify",
		Short: "Check the hash chain; exits 1 when it is broken",
		Long: `Check the hash chain of the audit log from its first entry to its last, and exit 1 when an entry is
missing, altered or out of place. Entries cut off at the end cannot be seen from inside: keep the
printed head and compare.`,
		Args: takes(),
		RunE: withApp(func(ctx context.Context, cmd *cobra.Command, _ []string, a *app.App) error {
			if _, err := a.Relay.Drain(ctx); err != nil {
				return err
			}
			report, err := a.Audit.Verify(ctx)
			if err != nil {
				return err
			}
			err = show(cmd, report, func(w io.Writer) {
				if report.OK {
					say(w, "%d events, the chain holds\nhead %s", report.Events, report.Head)
					return
				}
				say(w, "the chain is broken at entry %d: %s", report.BadSeq, report.Problem)
			})
			if err == nil && !report.OK {
				return errReported
			}
			return err
		}),
	})
}

func newAuditExport() *cobra.Command {
	return &cobra.Command{
		Use: "export", Short: "Write the audit log to standard output, one JSON object a line", Args: takes(),
		RunE: withApp(func(ctx context.Context, cmd *cobra.Command, _ []string, a *app.App) error {
			if _, err := a.Relay.Drain(ctx); err != nil {
				return err
			}
			return a.Audit.Export(ctx, cmd.OutOrStdout())
		}),
	}
}
