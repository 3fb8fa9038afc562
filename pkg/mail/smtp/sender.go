package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/gatehouse-id/gatehouse/pkg/mail"
	"github.com/gatehouse-id/gatehouse/pkg/mail/eml"
)

// Security says when the connection is encrypted.
type Security string

// The values of Security.
const (
	StartTLS Security = "starttls" // from STARTTLS on, or there is no connection (RFC 3207)
	Implicit Security = "implicit" // from the first byte on (RFC 8314)
	None     Security = "none"     // never; the password goes to this machine alone
)

const (
	defaultDial  = 5 * time.Second
	defaultWhole = 15 * time.Second
	// goodbye is how long a server may take to answer QUIT. The letter is its own by then.
	goodbye = time.Second
)

// Sender is a mail.Sender that speaks SMTP. It is safe for concurrent use.
type Sender struct {
	Host     string
	Port     int
	User     string // empty: nobody signs in
	Password string
	Security Security
	RootCAs  *x509.CertPool // who vouches for the server; nil means whom the system trusts
	Now      func() time.Time

	DialTimeout time.Duration // until connected; zero means 5 s
	Timeout     time.Duration // for everything; zero means 15 s

	rest rest
}

// Send hands a letter to the server. A 5xx reply to the letter, its sender or its recipient
// is final. Everything else is not, a refused sign-in included: that is for the operator to
// mend. After a failure to reach the server it fails at once for 5 s, then 10 s, at most 1
// minute, so that a server that hangs costs its callers little.
func (s *Sender) Send(ctx context.Context, l mail.Letter) error {
	m, err := eml.Compose(l)
	if err != nil {
		return err
	}
	if s.rest.over(s.Now()) {
		err = s.converse(ctx, m)
		s.rest.note(err, s.Now)
		return err
	}
	return errResting
}

// converse has one whole conversation with the server.
func (s *Sender) converse(ctx context.Context, m *gomail.Msg) error {
	ctx, hangUp := context.WithTimeout(ctx, orDefault(s.Timeout, defaultWhole))
	defer hangUp()
	client, err := gomail.NewClient(s.Host, s.options(ctx)...)
	if err != nil {
		return fmt.Errorf("smtp: %w", err)
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return unreachable(ctx, err)
	}
	err = client.SendWithSMTPClient(session, m)
	if m.IsDelivered() {
		impatience := time.AfterFunc(goodbye, hangUp)
		defer impatience.Stop()
		_ = session.Quit() // the server has the letter, whatever it says now
		return nil
	}
	var refused *gomail.SendError
	if errors.As(err, &refused) && refused.ErrorCode() != 0 {
		return replied(refused)
	}
	return unreachable(ctx, err)
}

func (s *Sender) options(whole context.Context) []gomail.Option {
	config := &tls.Config{ServerName: s.Host, RootCAs: s.RootCAs, MinVersion: tls.VersionTLS12}
	options := []gomail.Option{
		gomail.WithPort(s.Port), gomail.WithTLSConfig(config), gomail.WithDialContextFunc(s.dialer(whole, config)),
		gomail.WithTimeout(2 * orDefault(s.Timeout, defaultWhole)), // never: whole ends before
		gomail.WithoutNoop(), gomail.WithoutRset(), // one letter a conversation
		gomail.WithoutSMTPUTF8(), // addresses are ASCII
	}
	policy := gomail.TLSMandatory
	switch s.Security {
	case StartTLS:
	case Implicit:
		options = append(options, gomail.WithSSL())
	case None:
		policy = gomail.NoTLS
	}
	options = append(options, gomail.WithTLSPolicy(policy))
	if s.User != "" {
		options = append(options, gomail.WithUsername(s.User), gomail.WithPassword(s.Password),
			gomail.WithOpportunisticSMTPAuth(gomail.SMTPAuthPlain, gomail.SMTPAuthLogin,
				gomail.SMTPAuthSCRAMSHA256, gomail.SMTPAuthSCRAMSHA1, gomail.SMTPAuthCramMD5))
	}
	return options
}

// dialer returns what connects to the server. The connection is closed when whole ends: the
// library looks at no context once it is connected, and leaves the connection open when a
// conversation goes wrong.
func (s *Sender) dialer(whole context.Context, config *tls.Config) gomail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, orDefault(s.DialTimeout, defaultDial))
		defer cancel()
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(whole, func() { _ = conn.Close() })
		short := &bounded{Conn: conn, left: maxTalk}
		if s.Security != Implicit {
			return short, nil
		}
		encrypted := tls.Client(short, config) // the library looks at the type to know that it is
		return encrypted, encrypted.HandshakeContext(ctx)
	}
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}
