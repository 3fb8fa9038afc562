// Package maillog is where letters go when there is no way to send them: a log line says that
// there was one. Nothing is delivered, and neither link, subject nor body is logged.
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

// Send logs that a letter was not sent, and to whom in outline. It never fails.
func (s *Sender) Send(ctx context.Context, l mail.Letter) error {
	s.Log.LogAttrs(ctx, slog.LevelWarn, "mail not sent: GATEHOUSE_MAIL is log:",
		slog.String("kind", string(l.Kind)), slog.String("id", l.ID), slog.String("to", mask(l.To)))
	return nil
}

// mask keeps of an address what tells it from others to whoever knows them: a***@example.com.
func mask(address string) string {
	local, domain, ok := strings.Cut(address, "@")
	if !ok || local == "" {
		return "***"
	}
	return local[:1] + "***@" + domain
}
