package smtp

import (
	"crypto/tls"
	"net"
	"strconv"
	"testing"

	"github.com/gatehouse-id/gatehouse/pkg/mail/smtptest"
)

// The library sends no password over a connection that it does not know to be encrypted, but
// for loopback, where every other test runs.
func TestTheLibraryCanSeeThatTheConnectionIsEncrypted(t *testing.T) {
	server := smtptest.Start(t, smtptest.Options{Implicit: true})
	s := &Sender{Security: Implicit}
	config := &tls.Config{ServerName: server.Host, RootCAs: server.RootCAs}
	conn, err := s.dialer(t.Context(), config)(t.Context(), "tcp", net.JoinHostPort(server.Host, strconv.Itoa(server.Port)))
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := conn.(*tls.Conn); !ok {
		t.Errorf("it sees a %T", conn)
	}
}
