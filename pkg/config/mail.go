package config

import (
	"errors"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
)

// The values of Carrier.By.
const (
	ByLog  = "log"
	ByFile = "file"
	BySMTP = "smtp"
	// ByInbox keeps mails where a developer reads them. No setting asks for it: Dev does.
	ByInbox = "inbox"
)

// The values of Carrier.TLS.
const (
	StartTLS    = "starttls" // encrypted after a greeting in the clear, or not at all
	ImplicitTLS = "implicit" // encrypted from the first byte on
	NoTLS       = "none"
)

// Carrier is the setting Mail, taken apart.
type Carrier struct {
	By       string // ByLog, ByFile or BySMTP
	Dir      string // of ByFile
	Host     string // of BySMTP, and all below it
	Port     int
	User     string // empty: nobody signs in
	Password Secret
	TLS      string
}

// Carrier returns how mail leaves.
func (c Config) Carrier() Carrier {
	if c.Development && !c.given["MAIL"] {
		return Carrier{By: ByInbox}
	}
	by, _ := parseCarrier(c.Mail.Reveal()) // it has been checked
	return by
}

// Sender returns whom mail is from, as a mailbox (RFC 5322 section 3.4). An address that was
// set without a name gets that of the brand; without an address it is no-reply at the host of
// the public URL.
func (c Config) Sender() string {
	from := mail.Address{Address: "no-reply@localhost"}
	if c.MailFrom != "" {
		given, _ := mail.ParseAddress(c.MailFrom) // it has been checked
		from = *given
	} else if u, err := url.Parse(c.PublicURL); err == nil && !isIP(u.Hostname()) {
		from.Address = "no-reply@" + u.Hostname()
	}
	if from.Name == "" {
		from.Name = c.BrandName
	}
	return from.String()
}

var errCarrier = errors.New("log:, file:DIR, or a URL such as smtp://user:pass@host:587?tls=starttls")

func checkMail(s string) error {
	_, err := parseCarrier(s)
	return err
}

func parseCarrier(s string) (Carrier, error) {
	if s == "log:" {
		return Carrier{By: ByLog}, nil
	}
	if dir, ok := strings.CutPrefix(s, "file:"); ok && checkPath(dir) == nil {
		return Carrier{By: ByFile, Dir: dir}, nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || !isHost(u.Hostname()) ||
		strings.Trim(u.Path, "/") != "" || u.Fragment != "" {
		return Carrier{}, errCarrier
	}
	c := Carrier{By: BySMTP, Host: u.Hostname(), User: u.User.Username()}
	password, _ := u.User.Password()
	if c.Password = Secret(password); (c.User == "") != (password == "") {
		return Carrier{}, errors.New("a user and a password, or neither")
	}
	if c.TLS, err = transport(u); err != nil {
		return Carrier{}, err
	}
	c.Port = map[string]int{StartTLS: 587, ImplicitTLS: 465, NoTLS: 25}[c.TLS]
	if u.Port() != "" {
		n, err := strconv.ParseUint(u.Port(), 10, 16)
		if err != nil || n == 0 {
			return Carrier{}, errCarrier
		}
		c.Port = int(n)
	}
	return c, nil
}

// transport reads the parameter tls and refuses every other one: a misspelt one would send
// in the clear what was to be encrypted.
func transport(u *url.URL) (string, error) {
	want := errors.New("no parameter but tls=starttls, tls=implicit or tls=none (smtps:// is implicit)")
	asked, err := url.ParseQuery(u.RawQuery)
	if err != nil || len(asked) > 1 || len(asked) == 1 && len(asked["tls"]) != 1 {
		return "", want
	}
	switch tls := asked.Get("tls"); {
	case u.Scheme == "smtps" && (tls == "" || tls == ImplicitTLS):
		return ImplicitTLS, nil
	case u.Scheme == "smtps":
		return "", want
	case len(asked) == 0:
		return StartTLS, nil
	case tls == StartTLS || tls == ImplicitTLS || tls == NoTLS:
		return tls, nil
	}
	return "", want
}

// leaksMail reports whether mail, and with it one-time links, would cross a network in the
// clear without anybody having said so.
func (c *Config) leaksMail() bool {
	by := c.Carrier()
	return by.TLS == NoTLS && !isLoopback(by.Host) && !c.MailPlaintext
}

// leaksPassword is the same of the mail server's password, which nothing allows.
func (c *Config) leaksPassword() bool {
	by := c.Carrier()
	return by.TLS == NoTLS && !isLoopback(by.Host) && by.User != ""
}

// checkMailbox accepts an address with or without a name. The domain is ASCII, because this
// one goes into headers as it is.
func checkMailbox(s string) error {
	want := errors.New("an address such as no-reply@example.com, or Example <no-reply@example.com>")
	a, err := mail.ParseAddress(s)
	if err != nil || !isLine(s) {
		return want
	}
	local, domain, _ := strings.Cut(a.Address, "@")
	if !isASCII(local) || strings.ContainsAny(local, "\" ") || !isHost(domain) || isIP(domain) {
		return want
	}
	return nil
}
