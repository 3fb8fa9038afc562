package limit

import (
	"context"
	"fmt"
)

// Over counts one attempt and returns by how many the budget is exceeded, zero or less while
// it is not. It refuses nobody: it is for budgets whose excess is answered by slowing down.
func (g *Guard) Over(ctx context.Context, h Hit) (int64, error) {
	if g.Off {
		return 0, nil
	}
	counters, err := g.counters([]Hit{h})
	if err != nil {
		return 0, err
	}
	counts, err := g.Store.Hit(ctx, g.Now(), counters...)
	if err != nil {
		return 0, fmt.Errorf("limit: count: %w", err)
	}
	if len(counts) != 1 {
		return 0, fmt.Errorf("limit: 1 counter, %d counts", len(counts))
	}
	return counts[0].N - h.Limit, nil
}
