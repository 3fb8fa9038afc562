package mail_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/masterkey"
)

func TestAMessageWaitsSealed(t *testing.T) {
	now := time.Date(2030, 1, 2, 3, 4, 5, 6e6, time.UTC)
	m := mail.Message{
		Kind: mail.ResetPassword, To: "ada@example.com", Language: "de", Name: "Ada \u2028 <b>", Link: "https://id.example.com/x?token=rp_secret",
		NewEmail: "new@example.com", Device: "Firefox", Address: "192.0.2.1", At: now, Until: now.Add(time.Hour),
	}
	box := mail.Outbox{Master: masterkey.New()}
	c := box.Post(m, now)
	if c.Kind != mail.ConsequenceKind || !c.DueAt.Equal(now) || c.ID == "" || c.ID == box.Post(m, now).ID {
		t.Errorf("a consequence of %v", c)
	}
	for _, part := range []string{"ada", "secret", "Firefox", "192.0.2.1"} {
		if strings.Contains(string(c.Data), part) {
			t.Errorf("%q stands in %s", part, c.Data)
		}
	}
	got, err := box.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, got); diff != "" {
		t.Errorf("the message that came out (-want +got):\n%s", diff)
	}
	if _, err := (mail.Outbox{Master: masterkey.New()}).Open(c); err == nil {
		t.Error("another master key opens it")
	}
	c.Data = []byte(`"AAAA"`)
	if _, err := box.Open(c); err == nil {
		t.Error("an altered consequence opens")
	}
}

func TestLinksEscapeWhatTheyCarry(t *testing.T) {
	l := mail.Links{PublicURL: "https://id.example.com"}
	for _, c := range []struct{ got, want string }{
		{l.SignIn(), "https://id.example.com/account/sign-in"},
		{l.SignUp("inv_1"), "https://id.example.com/account/sign-up?invitationCode=inv_1"},
		{l.Reset("", "a&b=c d"), "https://id.example.com/account/reset?token=a%26b%3Dc+d"},
		{l.Verify("x"), "https://id.example.com/account/verify?token=x"},
		{l.Reset("https://app.example.com/reset?a=1", "x"), "https://app.example.com/reset?a=1&token=x"},
		{l.Enter("", "x"), "https://id.example.com/account/enter?token=x"},
		{l.Enter("https://app.example.com", "a&b"), "https://app.example.com?token=a%26b"},
		{l.Cancel("x"), "https://id.example.com/account/cancel?token=x"},
	} {
		if c.got != c.want {
			t.Errorf("got %s, want %s", c.got, c.want)
		}
	}
}
