package smtp_test

import (
	"bytes"
	"errors"
	"mime"
	netmail "net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/mail/smtp"
	"github.com/gatehouse-id/gatehouse/pkg/mail/smtptest"
)

// clock is a time that moves only when told.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

const secretLink = "https://id.example.com/account/reset?token=rp_secret"

func letter() mail.Letter {
	return mail.Letter{
		ID: "abc123", Kind: mail.ResetPassword, From: "Söhne <no-reply@id.example.com>", To: "Ada@MÜNCHEN.example",
		Subject: "Grüße", Text: secretLink + "\n.\nüber", HTML: "<p>ü</p>", Date: newClock().now,
	}
}

func sender(s *smtptest.Server, how smtp.Security) *smtp.Sender {
	return &smtp.Sender{Host: s.Host, Port: s.Port, Security: how, RootCAs: s.RootCAs, Now: newClock().Now}
}

// private reports whether an error tells what no log may have.
func private(err error) bool {
	for _, part := range []string{"Ada", "ada@", "nchen", "secret", "hunter2", "Grü"} {
		if err != nil && strings.Contains(err.Error(), part) {
			return true
		}
	}
	return false
}

func TestSendDelivers(t *testing.T) {
	login := func(o smtptest.Options, mechanisms ...string) smtptest.Options {
		o.User, o.Password, o.Mechanisms = "me@x", "hunter2", mechanisms
		return o
	}
	for _, c := range []struct {
		name      string
		server    smtptest.Options
		how       smtp.Security
		encrypted bool
	}{
		{"in the clear", smtptest.Options{}, smtp.None, false},
		{"in the clear to a server that could encrypt", smtptest.Options{StartTLS: true}, smtp.None, false},
		{"with STARTTLS", smtptest.Options{StartTLS: true}, smtp.StartTLS, true},
		{"with STARTTLS when nobody said", smtptest.Options{StartTLS: true}, "", true},
		{"with implicit TLS", smtptest.Options{Implicit: true}, smtp.Implicit, true},
		{"signed in with PLAIN", login(smtptest.Options{StartTLS: true}, "PLAIN"), smtp.StartTLS, true},
		{"signed in with LOGIN", login(smtptest.Options{StartTLS: true}, "LOGIN"), smtp.StartTLS, true},
		{"signed in with implicit TLS", login(smtptest.Options{Implicit: true}, "PLAIN", "LOGIN"), smtp.Implicit, true},
		{"signed in on this machine", login(smtptest.Options{}, "LOGIN", "PLAIN"), smtp.None, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := smtptest.Start(t, c.server)
			s := sender(server, c.how)
			s.User, s.Password = c.server.User, c.server.Password
			if err := s.Send(t.Context(), letter()); err != nil {
				t.Fatal(err)
			}
			got := server.Received()
			if len(got) != 1 {
				t.Fatalf("%d letters arrived", len(got))
			}
			want := smtptest.Delivery{
				From: "no-reply@id.example.com", To: []string{"Ada@xn--mnchen-3ya.example"}, TLS: c.encrypted, User: c.server.User,
			}
			data := got[0].Data
			got[0].Data = nil
			if diff := cmp.Diff(want, got[0]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			m, err := netmail.ReadMessage(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			subject, _ := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
			if subject != "Grüße" || m.Header.Get("Message-ID") != "<abc123@id.example.com>" {
				t.Errorf("headers: %v", m.Header)
			}
		})
	}
}

func TestAReplyIsFinalOrNot(t *testing.T) {
	for _, c := range []struct {
		name, step string
		code       int
		final      bool
	}{
		{"no such mailbox", "RCPT", 550, true},
		{"greylisted", "RCPT", 451, false},
		{"mailbox full for now", "RCPT", 452, false},
		{"content refused", "DATA", 554, true},
		{"content refused for now", "DATA", 451, false},
		{"sender refused", "MAIL", 553, true},
		{"sender refused for now", "MAIL", 421, false},
		{"a sign-in is asked for", "MAIL", 530, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := smtptest.Start(t, smtptest.Options{})
			server.Answer(func(step, address string) error {
				if step == c.step {
					return smtptest.Reply(c.code, address)
				}
				return nil
			})
			s := sender(server, smtp.None)
			err := s.Send(t.Context(), letter())
			if err == nil || errors.Is(err, mail.ErrRefused) != c.final || private(err) {
				t.Errorf("got %v, final: %v", err, c.final)
			}
			if len(server.Received()) != 0 {
				t.Error("it arrived nevertheless")
			}
			server.Answer(func(string, string) error { return nil })
			if err := s.Send(t.Context(), letter()); err != nil {
				t.Errorf("a reply kept the next letter from leaving: %v", err)
			}
		})
	}
}

func TestALetterThatIsNoneIsRefusedUnseen(t *testing.T) {
	server := smtptest.Start(t, smtptest.Options{})
	l := letter()
	l.Subject = "x\r\nBcc: evil@x.example"
	err := sender(server, smtp.None).Send(t.Context(), l)
	if !errors.Is(err, mail.ErrRefused) || server.Conversations() != 0 {
		t.Errorf("got %v after %d conversations", err, server.Conversations())
	}
}

func TestEncryptionIsNotGivenUp(t *testing.T) {
	for _, c := range []struct {
		name   string
		server smtptest.Options
		spoil  func(*smtp.Sender)
		want   string
	}{
		{"STARTTLS is not offered", smtptest.Options{}, func(*smtp.Sender) {}, "STARTTLS"},
		{"nobody vouches for the server", smtptest.Options{StartTLS: true}, func(s *smtp.Sender) { s.RootCAs = nil }, "certificate"},
		{"the certificate is another host's", smtptest.Options{StartTLS: true}, func(s *smtp.Sender) { s.Host = "localhost" }, "certificate"},
		{"implicit TLS without TLS", smtptest.Options{}, func(s *smtp.Sender) { s.Security = smtp.Implicit }, "tls"},
		{"implicit TLS and nobody vouches", smtptest.Options{Implicit: true}, func(s *smtp.Sender) { s.Security, s.RootCAs = smtp.Implicit, nil }, "certificate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.server.User, c.server.Password = "me", "hunter2"
			server := smtptest.Start(t, c.server)
			s := sender(server, smtp.StartTLS)
			s.User, s.Password, s.DialTimeout = "me", "hunter2", time.Minute
			c.spoil(s)
			err := s.Send(t.Context(), letter())
			if err == nil || errors.Is(err, mail.ErrRefused) || !strings.Contains(err.Error(), c.want) || private(err) {
				t.Errorf("got %v, want something about %s", err, c.want)
			}
			if len(server.Received()) != 0 {
				t.Error("it left in the clear")
			}
		})
	}
}

func TestARefusedSignInIsNotFinal(t *testing.T) {
	server := smtptest.Start(t, smtptest.Options{StartTLS: true, User: "me", Password: "right"})
	s := sender(server, smtp.StartTLS)
	s.User, s.Password = "me", "hunter2"
	if err := s.Send(t.Context(), letter()); err == nil || errors.Is(err, mail.ErrRefused) || !strings.Contains(err.Error(), "535") || private(err) {
		t.Errorf("got %v", err)
	}
	missing := smtptest.Start(t, smtptest.Options{StartTLS: true})
	s = sender(missing, smtp.StartTLS)
	s.User, s.Password = "me", "hunter2"
	if err := s.Send(t.Context(), letter()); err == nil || errors.Is(err, mail.ErrRefused) || len(missing.Received()) != 0 {
		t.Errorf("a server that knows no sign-in: %v", err)
	}
}

func TestManySendAtOnce(t *testing.T) {
	server := smtptest.Start(t, smtptest.Options{StartTLS: true, User: "me", Password: "hunter2"})
	s := sender(server, smtp.StartTLS)
	s.User, s.Password = "me", "hunter2"
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if err := s.Send(t.Context(), letter()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(slices.Collect(slices.Values(server.Received()))); n != 8 {
		t.Errorf("%d arrived", n)
	}
}
