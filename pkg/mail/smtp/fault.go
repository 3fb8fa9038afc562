package smtp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"

	gomail "github.com/wneessen/go-mail"

	"github.com/gatehouse-id/gatehouse/pkg/mail"
)

// errResting says that the server was not asked.
var errResting = errors.New("smtp: the server was out of reach a moment ago; not asked again yet")

// lost is an error of the connection, or of what comes before the letter: the next letter
// would meet it too.
type lost struct{ why string }

func (e lost) Error() string { return "smtp: " + e.why }

// replied says what a reply to the letter means. What the server wrote is left out: servers
// like to quote the address.
func replied(err *gomail.SendError) error {
	code := err.ErrorCode()
	told := fmt.Sprintf("smtp: the server answered %d when %s", code, err.Reason)
	if status := err.EnhancedStatusCode(); status != "" {
		told += " (" + status + ")"
	}
	switch {
	case code < 500:
	case code == 530 || code == 534 || code == 535 || code == 538: // asks for a sign-in (RFC 4954 section 6)
	default:
		return fmt.Errorf("%s: %w", told, mail.ErrRefused)
	}
	return errors.New(told)
}

// unreachable says why there was no conversation, or why it broke off.
func unreachable(ctx context.Context, err error) error {
	var (
		reply    *textproto.Error
		protocol textproto.ProtocolError
		network  net.Error
	)
	switch {
	case ctx.Err() != nil, errors.As(err, &network) && network.Timeout():
		return lost{"the server did not answer in time"}
	case errors.As(err, &reply):
		return lost{fmt.Sprintf("the server answered %d before it was given a letter", reply.Code)}
	case errors.As(err, &protocol):
		return lost{"the server does not speak SMTP"}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return lost{"the server hung up"}
	}
	var letter *gomail.SendError
	if errors.As(err, &letter) {
		return lost{"the connection broke when " + letter.Reason.String()} // the rest names the recipient
	}
	return lost{err.Error()}
}
