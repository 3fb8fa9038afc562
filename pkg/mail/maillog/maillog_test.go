package maillog_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/mail/maillog"
)

func TestTheLogSaysThatAMailWasNotSentAndNothingOfIt(t *testing.T) {
	var out bytes.Buffer
	s := maillog.Sender{Log: slog.New(slog.NewJSONHandler(&out, nil))}
	for _, to := range []string{"ada@example.com", "@", "", "x"} {
		if err := s.Send(t.Context(), mail.Letter{
			ID: "abc123", Kind: mail.ResetPassword, To: to, Subject: "canary one", Text: "canary two https://id.example.com/?token=canary", HTML: "canary three",
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, part := range []string{"canary", "ada@"} {
		if strings.Contains(out.String(), part) {
			t.Errorf("%q is in %s", part, out.String())
		}
	}
	if !strings.Contains(out.String(), `"to":"a***@example.com"`) || !strings.Contains(out.String(), `"kind":"reset_password"`) {
		t.Errorf("the log is %s", out.String())
	}
}
