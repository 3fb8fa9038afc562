// Package smtptest is a mail server for tests: a real conversation on loopback, with or
// without TLS and sign-in, that keeps what it was given. It delivers nothing.
package smtptest

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Options says what a server is like. The zero value speaks in the clear with everybody.
type Options struct {
	Address        string // to listen on; empty means any free port of 127.0.0.1
	StartTLS       bool
	Implicit       bool
	User, Password string   // who must sign in; empty means nobody
	Mechanisms     []string // PLAIN and LOGIN when nil
}

// Delivery is a message that the server took.
type Delivery struct {
	From string
	To   []string
	Data []byte
	TLS  bool
	User string // who signed in
}

// Server is a mail server. Its methods are safe for concurrent use.
type Server struct {
	Host    string
	Port    int
	RootCAs *x509.CertPool // who vouches for its certificate

	options  Options
	smtp     *smtp.Server
	listener net.Listener

	mu       sync.Mutex
	received []Delivery
	greeted  int
	answer   func(step, address string) error
}

// Start runs a server until the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	if o.Mechanisms == nil {
		o.Mechanisms = []string{sasl.Plain, sasl.Login}
	}
	certificate, roots := certify(t)
	s := &Server{RootCAs: roots, options: o, answer: func(string, string) error { return nil }}
	s.smtp = smtp.NewServer(smtp.BackendFunc(s.session))
	s.smtp.ErrorLog = log.New(io.Discard, "", 0)
	s.smtp.Domain = "mail.test"
	s.smtp.AllowInsecureAuth = true // whether to sign in in the clear is the client's choice
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	if o.StartTLS {
		s.smtp.TLSConfig = config
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", o.Address)
	if err != nil {
		t.Fatal(err)
	}
	at := netip.MustParseAddrPort(listener.Addr().String())
	s.Host, s.Port = at.Addr().String(), int(at.Port())
	if o.Implicit {
		listener = tls.NewListener(listener, config)
	}
	s.listener = listener
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = s.smtp.Serve(listener) // ends when Stop is called
	}()
	t.Cleanup(func() {
		s.Stop()
		<-done
	})
	return s
}

// Stop makes the server unreachable.
func (s *Server) Stop() {
	_ = s.smtp.Close()
	_ = s.listener.Close() // the server may not have got to it yet
}

// Address returns where the server listens, so that another one can take its place.
func (s *Server) Address() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// Received returns what the server took so far.
func (s *Server) Received() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.received)
}

// Conversations returns how many there were.
func (s *Server) Conversations() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.greeted
}

// Answer sets what decides on each step, MAIL, RCPT or DATA, from now on. The address is the
// sender's or the recipient's, for DATA the first recipient's. An error that Reply made is
// what the client is told.
func (s *Server) Answer(decide func(step, address string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = decide
}

// Reply returns an error that makes the server answer with a code. The text quotes an
// address, as servers do.
func Reply(code int, address string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}, Message: "<" + address + ">: so it is"}
}

func (s *Server) decide(step, address string) error {
	s.mu.Lock()
	answer := s.answer
	s.mu.Unlock()
	return answer(step, address)
}

func (s *Server) session(c *smtp.Conn) (smtp.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.greeted++
	return &session{server: s, conn: c}, nil
}

// session is one conversation.
type session struct {
	server *Server
	conn   *smtp.Conn
	user   string
	at     Delivery
}

func (s *session) AuthMechanisms() []string {
	if s.server.options.User == "" {
		return nil
	}
	return s.server.options.Mechanisms
}

func (s *session) Auth(mechanism string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != s.server.options.User || password != s.server.options.Password {
			return smtp.ErrAuthFailed
		}
		s.user = user
		return nil
	}
	if mechanism == sasl.Login {
		return &login{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.options.User != "" && s.user == "" {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "sign in first"}
	}
	_, encrypted := s.conn.TLSConnectionState()
	s.at = Delivery{From: from, TLS: encrypted, User: s.user}
	return s.server.decide("MAIL", from)
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.at.To = append(s.at.To, to)
	return s.server.decide("RCPT", to)
}

func (s *session) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.at.Data = data
	if err := s.server.decide("DATA", s.at.To[0]); err != nil {
		return err
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.received = append(s.server.received, s.at)
	return nil
}

func (s *session) Reset()        { s.at = Delivery{} }
func (s *session) Logout() error { return nil }

// login is the server's side of LOGIN, which the library has no more.
type login struct {
	check func(user, password string) error
	user  string
	step  int
}

func (l *login) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch {
	case l.step == 1 && response == nil:
		return []byte("Username:"), false, nil
	case l.step <= 2 && l.user == "":
		l.user = string(response)
		return []byte("Password:"), false, nil
	case l.user != "":
		return nil, true, l.check(l.user, string(response))
	}
	return nil, false, errors.New("not LOGIN")
}
