package mail

import (
	"context"
	"errors"
)

// ErrRefused says that a letter will never be taken: trying it again is pointless.
var ErrRefused = errors.New("mail: refused for good")

// Sender carries letters to people. It is safe for concurrent use and gives up when the
// context ends.
type Sender interface {
	// Send returns nil once somebody else is responsible for the letter. An error that wraps
	// ErrRefused is final; after any other one the letter may or may not have left, and is
	// sent again later under the same ID. Errors tell neither address nor content.
	Send(ctx context.Context, l Letter) error
}
