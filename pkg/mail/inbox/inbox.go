// Package inbox keeps mails in memory and shows them on a page, so that whoever tries the
// service out can read what it would have sent. It is for development: everybody who can open
// the page can read every mail, and nothing survives the process. It refuses nobody, so it must
// never be mounted where others can reach it.
package inbox

import (
	"context"
	"regexp"
	"slices"
	"sync"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// keep is how many mails there are at most; the oldest goes first.
const keep = 200

// Inbox is a mail.Sender whose mails arrive here. It is safe for concurrent use.
type Inbox struct {
	mu  sync.Mutex
	all []mail.Letter // oldest first
}

// Send implements mail.Sender. A letter that comes again takes its own place.
func (b *Inbox) Send(_ context.Context, l mail.Letter) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := slices.IndexFunc(b.all, func(have mail.Letter) bool { return have.ID == l.ID }); i >= 0 {
		b.all[i] = l
		return nil
	}
	b.all = append(b.all, l)
	if extra := len(b.all) - keep; extra > 0 {
		b.all = slices.Delete(b.all, 0, extra)
	}
	return nil
}

// letters returns the mails to an address, or all when it is empty, newest first.
func (b *Inbox) letters(to string) []mail.Letter {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []mail.Letter
	for _, l := range slices.Backward(b.all) {
		if to == "" || canonical(l.To) == canonical(to) {
			out = append(out, l)
		}
	}
	return out
}

func (b *Inbox) letter(id string) (mail.Letter, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.all, func(l mail.Letter) bool { return l.ID == id })
	if i < 0 {
		return mail.Letter{}, false
	}
	return b.all[i], true
}

func canonical(address string) string {
	if c, err := identity.CanonicalEmail(address); err == nil {
		return c
	}
	return address
}

var link = regexp.MustCompile(`https?://[^\s<>"]+`)

// links returns what a reader could click on, each once.
func links(l mail.Letter) []string {
	out := []string{}
	for _, found := range link.FindAllString(l.Text, -1) {
		if !slices.Contains(out, found) {
			out = append(out, found)
		}
	}
	return out
}
