package maillog_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/mail/maillog"
)

func TestSendLogsThatNothingWasSent(t *testing.T) {
	for _, c := range []struct{ to, want string }{
		{"ada@example.com", "a***@example.com"}, {"a@example.com", "a***@example.com"}, {"no address", "***"}, {"@example.com", "***"},
	} {
		var out bytes.Buffer
		s := &maillog.Sender{Log: slog.New(slog.NewJSONHandler(&out, nil))}
		l := mail.Letter{ID: "abc123", Kind: mail.ResetPassword, To: c.to, From: "secret", Subject: "secret", Text: "secret", HTML: "secret"}
		if err := s.Send(t.Context(), l); err != nil {
			t.Fatal(err)
		}
		got := out.String()
		for _, want := range []string{"mail not sent", `"kind":"reset_password"`, `"id":"abc123"`, `"to":"` + c.want + `"`} {
			if !strings.Contains(got, want) {
				t.Errorf("%s lacks %s", got, want)
			}
		}
		if strings.Contains(got, "secret") || strings.Contains(got, "ada@") {
			t.Errorf("it tells too much: %s", got)
		}
	}
}
