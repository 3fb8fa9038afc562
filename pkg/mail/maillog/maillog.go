// Package maillog stands in for a carrier where none is configured: it says in the log that a
// mail was not sent. It never logs what stood in it, nor an address that could be written to.
package maillog

import (
	"context"
	"log/slog"
	"strings"

	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// Sender is a mail.Sender that sends nothing. It is safe for concurrent use.
type Sender struct {
	Log *slog.Logger
}

// Send implements mail.Sender.
func (s Sender) Send(ctx context.Context, l mail.Letter) error {
	s.Log.LogAttrs(ctx, slog.LevelWarn, "mail not sent: no mail server is configured (GATEHOUSE_MAIL)",
		slog.String("id", l.ID), slog.String("kind", string(l.Kind)), slog.String("to", masked(l.To)))
	return nil
}

// masked keeps the first letter and the domain, enough for an operator to recognise their own test.
func masked(address string) string {
	local, domain, ok := strings.Cut(address, "@")
	if !ok || local == "" {
		return "***"
	}
	return local[:1] + "***@" + domain
}
