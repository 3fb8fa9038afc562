package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
)

// target is a server to measure.
type target struct {
	host string // and port, as in the Host header
	key  string // API key; empty for a server that asks for none
	pid  int    // its process; 0 when it is not known
}

var errNotHere = errors.New("bench: load goes to this machine only: http://127.0.0.1:PORT, http://[::1]:PORT or http://localhost:PORT")

// hostOf returns host and port of a server's URL, and refuses other machines.
func hostOf(raw string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || (u.Path != "" && u.Path != "/") {
		return "", errNotHere
	}
	switch u.Hostname() {
	case "127.0.0.1", "::1", "localhost":
	default:
		return "", errNotHere
	}
	if u.Port() == "" {
		return net.JoinHostPort(u.Hostname(), "80"), nil
	}
	return u.Host, nil
}

// dial connects to a server, and to nothing that a name service calls localhost elsewhere.
func dial(ctx context.Context, host string) (*client, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	if at, ok := conn.RemoteAddr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		return nil, errors.Join(errNotHere, conn.Close())
	}
	return &client{conn: conn, buf: make([]byte, maxAnswer)}, nil
}
