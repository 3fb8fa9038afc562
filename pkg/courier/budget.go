package courier

import (
	"context"
	"errors"
	"time"

	"github.com/gatehouse-id/gatehouse/pkg/identity"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
)

// count counts a message against its recipient's budgets, once however often it is tried, and
// reports whether it may be sent.
//
// How often a message was claimed does not tell whether it was counted: a claim may end
// before the courier is asked. So the count leaves a mark of the message itself, in the same
// step of the store, and a message that comes again is looked up first.
func (c *Courier) count(ctx context.Context, q identity.Consequence, recipient string, alarm bool) (allowed bool, err error) {
	mark := limit.Hit{Policy: counted(), Subject: q.ID}
	if q.Attempts > 1 {
		before, err := c.Guard.Peek(ctx, mark)
		if err != nil {
			return false, err
		}
		if before.Remaining < before.Limit {
			return true, nil
		}
	}
	first := c.Often
	if alarm {
		first = c.Alarms
	}
	err = c.Guard.Take(ctx, limit.Hit{Policy: first, Subject: recipient}, mark)
	if err == nil && !alarm { // a flood that the shorter budget refuses must not use up the mails of a day
		err = c.Guard.Take(ctx, limit.Hit{Policy: c.Daily, Subject: recipient})
	}
	if errors.Is(err, limit.ErrRateLimited) {
		// What was refused must be refused again should this end before it is settled.
		_ = c.Guard.Forget(ctx, mark) // no reason to try a message again that nobody is to get
		return false, nil
	}
	return err == nil, err
}

// counted is the budget that is a mark: nothing exceeds it. It lasts longer than a message is
// worth sending; one that is tried still later is counted a second time.
func counted() limit.Policy {
	return limit.Policy{Name: "mail_counted", Limit: 1 << 30, Window: 7 * 24 * time.Hour}
}
