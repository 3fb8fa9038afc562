package outbound_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// names is a resolver that answers each look-up of any name with the next of its answers, and
// with the last of them from then on.
type names struct {
	mu      sync.Mutex
	answers [][]netip.Addr
	asked   int
}

func resolve(answers ...string) (*names, *net.Resolver) {
	n := &names{}
	for _, a := range answers {
		n.answers = append(n.answers, []netip.Addr{netip.MustParseAddr(a)})
	}
	return n, &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe() // no packets: messages as over TCP, with their length in front
		go n.serve(ours)
		return theirs, nil
	}}
}

func (n *names) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	var length [2]byte
	for {
		if _, err := io.ReadFull(conn, length[:]); err != nil {
			return
		}
		text := make([]byte, binary.BigEndian.Uint16(length[:]))
		if _, err := io.ReadFull(conn, text); err != nil {
			return
		}
		reply := n.reply(text)
		if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
			return
		}
	}
}

func (n *names) reply(text []byte) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(text); err != nil {
		return nil
	}
	m.Response, m.Additionals = true, nil
	question := m.Questions[0]
	for _, a := range n.next(question.Type) {
		header := dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET}
		switch {
		case question.Type == dnsmessage.TypeA && a.Is4():
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: a.As4()}})
		case question.Type == dnsmessage.TypeAAAA && a.Is6():
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
		}
	}
	packed, err := m.Pack()
	if err != nil {
		panic(err)
	}
	return packed
}

// next answers both questions of one look-up alike: a look-up asks for A and for AAAA.
func (n *names) next(kind dnsmessage.Type) []netip.Addr {
	n.mu.Lock()
	defer n.mu.Unlock()
	if kind == dnsmessage.TypeAAAA {
		return n.answers[min(n.asked, len(n.answers)-1)]
	}
	n.asked++
	return n.answers[min(n.asked, len(n.answers))-1]
}

func TestTheFakeResolverAnswers(t *testing.T) {
	n, r := resolve("192.0.2.1", "192.0.2.2")
	for _, want := range []string{"192.0.2.1", "192.0.2.2", "192.0.2.2"} {
		got, err := r.LookupNetIP(t.Context(), "ip4", "x.example.com")
		if err != nil || len(got) != 1 || got[0].Unmap().String() != want {
			t.Errorf("got %v, %v, want %s", got, err, want)
		}
	}
	if n.asked != 3 {
		t.Errorf("was asked %d times", n.asked)
	}
}
