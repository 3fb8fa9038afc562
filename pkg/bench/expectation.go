package bench

import "fmt"

// Expectation compares a figure with what the service is expected to reach on two cores, which
// the client has to share.
type Expectation struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	// Expected is the least that meets the expectation, or, if AtMost, the most.
	Expected float64 `json:"expected"`
	AtMost   bool    `json:"atMost,omitempty"`
	Unit     string  `json:"unit,omitempty"`
	Met      bool    `json:"met"`
}

// expectations compares what was measured; what was not is left out. A ratio is the best rate of
// an operation over all concurrencies, divided by the best rate of what bounds it: of capacity
// by capacity. All four divide rates of this machine and this run, so they mean the same on a
// faster one.
func expectations(r Report) []Expectation {
	hello := best(r.Limits.Hello, "hello")
	all := []Expectation{}
	for _, e := range []struct {
		name, operation string
		limit, expected float64
	}{
		{"refresh / RSA signatures", "refresh", r.Limits.RSASignatures, 0.55},
		{"login / Argon2id hashes", "login", r.Limits.Argon2idHashes, 0.85},
		{"me / Gin hello", "me", hello, 0.30},
		{"jwks / Gin hello", "jwks", hello, 0.90},
	} {
		if rate := best(r.Measurements, e.operation); rate > 0 && e.limit > 0 {
			value := round(rate/e.limit, 3)
			all = append(all, Expectation{Name: e.name, Value: value, Expected: e.expected, Met: value >= e.expected})
		}
	}
	all = append(all, searchExpectations(r.Searches)...)
	if r.Server == nil {
		return all
	}
	for _, e := range []Expectation{
		{Name: "idle memory", Value: round(float64(r.Server.IdleRSS)/1e6, 1), Expected: 45, Unit: "MB"},
		{Name: "cold start", Value: round(r.Server.ColdStartMillis, 1), Expected: 150, Unit: "ms"},
	} {
		if e.Value > 0 {
			e.AtMost, e.Met = true, e.Value <= e.Expected
			all = append(all, e)
		}
	}
	return all
}

// searchExpectations are about the slowest query of each store.
func searchExpectations(searches []Searches) []Expectation {
	var all []Expectation
	for _, s := range searches {
		e := Expectation{Name: fmt.Sprintf("search %dk users, %s", s.Accounts/1000, s.Store), Expected: 50, AtMost: true, Unit: "ms"}
		for _, q := range s.Queries {
			e.Value = max(e.Value, round(q.P99Millis, 1))
		}
		e.Met = e.Value <= e.Expected
		all = append(all, e)
	}
	return all
}

// best returns the highest rate of an operation, zero if there is none.
func best(all []Measurement, operation string) float64 {
	rate := 0.0
	for _, m := range all {
		if m.Operation == operation {
			rate = max(rate, m.PerSecond)
		}
	}
	return rate
}
