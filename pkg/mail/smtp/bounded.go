package smtp

import (
	"errors"
	"net"
)

// maxTalk is how much a server may say in one conversation, in bytes: the library keeps a
// reply of any length in memory.
const maxTalk = 64 << 10

var errTalk = errors.New("the server talks too much")

// bounded is a connection that ends when the other side has said too much.
type bounded struct {
	net.Conn
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTalk
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
