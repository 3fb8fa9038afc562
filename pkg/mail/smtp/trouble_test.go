package smtp_test

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/mail/smtp"
	"github.com/gatehouse-id/gatehouse/pkg/mail/smtptest"
)

// server answers each connection as told, and returns a sender to it.
func server(t *testing.T, serve func(net.Conn)) *smtp.Sender {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = c.Close() })
			go serve(c)
		}
	}()
	at := netip.MustParseAddrPort(l.Addr().String())
	return &smtp.Sender{Host: at.Addr().String(), Port: int(at.Port()), Security: smtp.None, Now: newClock().Now}
}

// script greets and then answers line by line; what begins with "hang" answers nothing.
func script(answers map[string]string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = c.Write([]byte(answers["greeting"] + "\r\n"))
		lines := bufio.NewScanner(c)
		for lines.Scan() {
			line := lines.Text()
			for verb, answer := range answers {
				if strings.HasPrefix(line, verb) && answer != "hang" {
					_, _ = c.Write([]byte(answer + "\r\n"))
				}
			}
		}
	}
}

func polite(but ...string) map[string]string {
	answers := map[string]string{
		"greeting": "220 mail.test", "EHLO": "250 mail.test", "MAIL": "250 OK", "RCPT": "250 OK", "DATA": "354 go on",
		".": "250 OK", "RSET": "250 OK", "QUIT": "221 bye",
	}
	for i := 0; i < len(but); i += 2 {
		answers[but[i]] = but[i+1]
	}
	return answers
}

func TestTroubleWithTheServerIsNotFinal(t *testing.T) {
	for _, c := range []struct {
		name  string
		serve func(net.Conn)
		want  string
	}{
		{"it says nothing", func(net.Conn) {}, "in time"},
		{"it hangs up", func(c net.Conn) { _ = c.Close() }, "hung up"},
		{"it speaks HTTP", func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 secret\r\n\r\n")) }, "does not speak SMTP"},
		{"it speaks without end", func(c net.Conn) {
			for {
				if _, err := c.Write([]byte("220-secret\r\n")); err != nil {
					return
				}
			}
		}, "talks too much"},
		{"it is not there for us", script(polite("greeting", "554 secret")), "answered 554"},
		{"it dislikes our name", script(polite("EHLO", "550 secret", "HELO", "550 secret")), "answered 550"},
		{"it hangs at the sender", script(polite("MAIL", "hang")), "in time"},
		{"it hangs at the content", script(polite("DATA", "hang")), "in time"},
		{"it hangs when all is said", script(polite(".", "hang")), "in time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := server(t, c.serve)
			s.Timeout = time.Hour
			if c.want == "in time" {
				s.Timeout = 500 * time.Millisecond
			}
			err := s.Send(t.Context(), letter())
			if err == nil || errors.Is(err, mail.ErrRefused) || !strings.Contains(err.Error(), c.want) || private(err) {
				t.Errorf("got %v, want something like %s", err, c.want)
			}
		})
	}
}

func TestAServerThatTookTheLetterMayBeRude(t *testing.T) {
	for _, rude := range []string{"hang", "500 no"} {
		if err := server(t, script(polite("QUIT", rude))).Send(t.Context(), letter()); err != nil {
			t.Errorf("QUIT was answered with %q: %v", rude, err)
		}
	}
}

func TestSendEndsWithItsContext(t *testing.T) {
	s := server(t, script(polite("RCPT", "hang")))
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	s.Timeout = time.Hour // longer than any test
	if err := s.Send(ctx, letter()); err == nil {
		t.Error("it was sent")
	}
}

func TestAServerOutOfReachRests(t *testing.T) {
	up := smtptest.Start(t, smtptest.Options{})
	at := up.Address()
	now := newClock()
	s := sender(up, smtp.None)
	s.Now = now.Now
	up.Stop()
	asked := func() bool {
		err := s.Send(t.Context(), letter())
		if err == nil || private(err) {
			t.Fatalf("got %v", err)
		}
		return !strings.Contains(err.Error(), "a moment ago")
	}
	if !asked() {
		t.Fatal("the first letter was not tried")
	}
	for _, rest := range []time.Duration{5, 10, 20, 40, 60, 60} {
		now.advance(rest*time.Second - time.Millisecond)
		if asked() {
			t.Errorf("asked again before %d s", rest)
		}
		now.advance(time.Millisecond)
		if !asked() {
			t.Errorf("not asked again after %d s", rest)
		}
	}
	up = smtptest.Start(t, smtptest.Options{Address: at})
	now.advance(time.Minute)
	for range 2 {
		if err := s.Send(t.Context(), letter()); err != nil {
			t.Fatal(err)
		}
	}
	up.Stop()
	if !asked() {
		t.Error("a server that was well a moment ago is not asked")
	}
	now.advance(5 * time.Second)
	if !asked() {
		t.Error("the rests did not begin anew")
	}
}
