package signin_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gatehouse-id/gatehouse/pkg/dialect/dialecttest"
	"github.com/gatehouse-id/gatehouse/pkg/limit"
)

// TestTryingAgainTellsNobodyWhetherAnAddressHadAnAccount, by what is left of a limit or by a refusal.
func TestTryingAgainTellsNobodyWhetherAnAddressHadAnAccount(t *testing.T) {
	dialecttest.EachKind(t, func(t *testing.T, fresh func(testing.TB) dialecttest.Opener) {
		said := map[bool][]string{}
		for _, taken := range []bool{true, false} {
			s := start(t, fresh(t), mustVerify, "GATEHOUSE_LIMIT_REGISTER=3/1h")
			if taken {
				proved(t, s)
			}
			for range 4 {
				ctx, report := limit.WithReport(t.Context())
				_, err := s.App.Signin.Assert(ctx, visitor, unvouched(), "")
				left, _ := report.State()
				said[taken] = append(said[taken], fmt.Sprintf("%s, %d of %d left", code(err), left.Remaining, left.Limit))
			}
		}
		if d := cmp.Diff(said[true], said[false]); d != "" || said[true][0] != "email_not_verified, 2 of 3 left" || !strings.HasPrefix(said[true][3], "rate_limited") {
			t.Errorf("an address that has an account (-) and one that had none (+):\n%s%v", d, said[true])
		}
	})
}
