package dialecttest

import (
	"context"
	"regexp"
	"sync"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// Letters collects the mails of a service and of all its nodes. It is safe for concurrent use.
type Letters struct {
	mu  sync.Mutex
	all []mail.Letter
}

// Send implements mail.Sender.
func (l *Letters) Send(_ context.Context, letter mail.Letter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, letter)
	return nil
}

// All returns what was sent, oldest first.
func (l *Letters) All() []mail.Letter {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]mail.Letter(nil), l.all...)
}

// Mails carries out what is due and returns the mails of a kind that an address has got,
// oldest first.
func (s *Server) Mails(t testing.TB, kind mail.Kind, to string) []mail.Letter {
	t.Helper()
	s.Settle(t)
	var out []mail.Letter
	for _, l := range s.Letters.All() {
		if l.Kind == kind && l.To == to {
			out = append(out, l)
		}
	}
	return out
}

var tokenInLink = regexp.MustCompile(`[?&](?:token|invitationCode)=([A-Za-z0-9_]+)`)

// MailedToken carries out what is due and returns the one-time token in the last mail of a
// kind that an address has got.
func (s *Server) MailedToken(t testing.TB, kind mail.Kind, to string) string {
	t.Helper()
	mails := s.Mails(t, kind, to)
	if len(mails) == 0 {
		t.Fatalf("%s got no mail of kind %s", to, kind)
	}
	found := tokenInLink.FindStringSubmatch(mails[len(mails)-1].Text)
	if found == nil {
		t.Fatalf("no link with a token in %q", mails[len(mails)-1].Text)
	}
	return found[1]
}
