package letter

import (
	"fmt"
	"net/netip"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/locale"
	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// page is what a template is given. Its texts are plain: nothing in them is markup. The
// fields are promised to operators' templates by docs/mail.md.
type page struct {
	Kind     string // as in mail.Kind
	Language string // a tag such as de
	Brand    Brand
	Subject  string
	Greeting string
	Intro    string
	Button   string // what the link does; empty when there is no link
	Link     string
	LinkHint string
	Origin   string // above the facts
	Facts    []fact // empty when nothing is known
	Notes    []string
	Footer   string

	// What happened, for templates that say it in their own words; empty when unknown.
	Name, NewEmail, Provider, Device, Address, At, Until string

	in locale.Locale
}

type fact struct{ Label, Value string }

// Text returns what a key of the catalogue says, for templates.
func (p page) Text(key string, args ...string) string { return p.in.Text(key, args...) }

// outline says which parts the letters of a kind have.
type outline struct {
	button bool // there is a link, and somebody asked for it
	origin string
	hint   bool
}

const (
	asked = "mail.asked" // the facts tell who wanted the message
	done  = "mail.done"  // the facts tell what happened
)

func outlineOf(k mail.Kind) (outline, error) {
	switch k {
	case mail.VerifyEmail, mail.ResetPassword, mail.ConfirmAddress, mail.SignInLink:
		return outline{button: true, origin: asked}, nil
	case mail.AccountExists:
		return outline{button: true, origin: asked, hint: true}, nil
	case mail.AddressChange:
		return outline{button: true, origin: done}, nil
	case mail.Invitation:
		return outline{button: true}, nil // where administrators work is not the guests' business
	case mail.PasswordChanged, mail.NewSignIn, mail.ReuseDetected, mail.AddressChanged,
		mail.IdentityLinked, mail.IdentityUnlinked, mail.AccountClaimed:
		return outline{origin: done}, nil
	}
	return outline{}, fmt.Errorf("letter: a message of unknown kind %q", k)
}

func compose(in locale.Locale, brand Brand, m mail.Message) (page, error) {
	o, err := outlineOf(m.Kind)
	if err != nil {
		return page{}, err
	}
	p := page{
		in: in, Kind: string(m.Kind), Language: in.Tag(), Brand: brand,
		Name: name(m.Name), Provider: provider(m.Provider), Device: device(in, m.Device),
	}
	if a, err := netip.ParseAddr(m.Address); err == nil {
		p.Address = a.Unmap().WithZone("").String()
	}
	if _, err := identity.CanonicalEmail(m.NewEmail); err == nil {
		p.NewEmail = m.NewEmail
	}
	if !m.At.IsZero() {
		p.At = in.Time(m.At)
	}
	if !m.Until.IsZero() {
		p.Until = in.Time(m.Until)
	}
	p.words(o, m)
	return p, nil
}

func (p *page) words(o outline, m mail.Message) {
	say := func(part string) string {
		return p.Text("mail.kind."+p.Kind+"."+part, "brand", p.Brand.Name, "provider", p.Provider)
	}
	p.Subject, p.Intro = say("subject"), say("intro")
	p.Greeting = p.Text("mail.greeting_unnamed")
	if p.Name != "" {
		p.Greeting = p.Text("mail.greeting", "name", p.Name)
	}
	if o.button {
		p.Button, p.Link, p.LinkHint = say("button"), plain(m.Link), p.Text("mail.link_hint")
	}
	if o.hint {
		p.Notes = append(p.Notes, say("hint"))
	}
	if o.button && p.Until != "" {
		p.Notes = append(p.Notes, p.Text("mail.until", "time", p.Until))
	}
	p.Notes = append(p.Notes, say("otherwise"))
	if p.Facts = p.facts(o, m.Kind); len(p.Facts) > 0 {
		p.Origin = p.Text(o.origin)
	}
	p.Footer = p.Text("mail.footer", "brand", p.Brand.Name)
}

// facts returns what is known of how the message came about.
func (p *page) facts(o outline, k mail.Kind) []fact {
	if o.origin == "" {
		return nil
	}
	all := []fact{
		{p.Text("mail.when"), p.At}, {p.Text("mail.device"), p.Device}, {p.Text("mail.address"), p.Address},
	}
	if k == mail.AddressChange {
		all = append([]fact{{p.Text("mail.new_address"), p.NewEmail}}, all...)
	}
	var known []fact
	for _, f := range all {
		if f.Value != "" {
			known = append(known, f)
		}
	}
	return known
}
