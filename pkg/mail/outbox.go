package mail

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/masterkey"
	"github.com/gatehouse-id/gatehouse/pkg/opaque"
)

// ConsequenceKind marks a consequence that carries one message.
const ConsequenceKind identity.ConsequenceKind = "mail"

const sealPurpose = "outgoing mail"

// Outbox turns messages into consequences and back. It is safe for concurrent use.
type Outbox struct {
	Master masterkey.Key
}

// Post returns the consequence that sends m, to be written together with the change that
// causes it. It is due at once.
func (o Outbox) Post(m Message, now time.Time) identity.Consequence {
	plain, _ := json.Marshal(m)                                // strings and times of four-digit years always encode
	data, _ := json.Marshal(o.Master.Seal(sealPurpose, plain)) // bytes always encode
	return identity.Consequence{ID: opaque.Random(opaque.IDLength), Kind: ConsequenceKind, DueAt: now, Data: data}
}

// Open returns the message that a consequence carries. It fails when the consequence was
// sealed with another master key or altered.
func (o Outbox) Open(c identity.Consequence) (Message, error) {
	var sealed []byte
	if err := json.Unmarshal(c.Data, &sealed); err != nil {
		return Message{}, fmt.Errorf("mail: read consequence: %w", err)
	}
	plain, err := o.Master.Open(sealPurpose, sealed)
	if err != nil {
		return Message{}, fmt.Errorf("mail: open consequence: %w", err)
	}
	var m Message
	if err := json.Unmarshal(plain, &m); err != nil {
		return Message{}, fmt.Errorf("mail: read message: %w", err)
	}
	return m, nil
}
