package bench

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Table writes the report for a person to read. The error is that of w.
func (r Report) Table(w io.Writer) error {
	var text bytes.Buffer
	m := r.Machine
	fmt.Fprintf(&text, "%s/%s, %d cores, %s", m.OS, m.Arch, m.Cores, m.GoVersion)
	if m.CPU != "" {
		fmt.Fprintf(&text, ", %s", m.CPU)
	}
	fmt.Fprintf(&text, "\n%s, %g s each; the client shares the cores\n\n", r.Target, r.DurationSeconds)
	r.measurements(&text)
	r.searches(&text)
	r.figures(&text)
	r.expectations(&text)
	if r.OthersCPUShare > 0.1 {
		fmt.Fprintf(&text, "\nOther programs used %.0f %% of the processors: these are figures of a busy machine.\n", 100*r.OthersCPUShare)
	}
	_, err := w.Write(text.Bytes())
	return err
}

func (r Report) measurements(w io.Writer) {
	rows := [][]string{{"operation", "connections", "per second", "p50 ms", "p99 ms", "server µs", "client µs", "errors"}}
	for _, m := range slices.Concat(r.Limits.Hello, r.Measurements) {
		rows = append(rows, []string{
			m.Operation, strconv.Itoa(m.Concurrency), fmt.Sprintf("%.1f", m.PerSecond), fmt.Sprintf("%.3f", m.P50Millis),
			fmt.Sprintf("%.3f", m.P99Millis), micros(m.ServerCPUMicros), micros(m.ClientCPUMicros), failures(m),
		})
	}
	align(w, rows)
	fmt.Fprintln(w, "\nµs: processor time per answer; hello: one route, nothing but Gin")
}

func (r Report) searches(w io.Writer) {
	for _, s := range r.Searches {
		rows := [][]string{{fmt.Sprintf("search %dk users, %s", s.Accounts/1000, s.Store), "found", "per second", "p50 ms", "p99 ms"}}
		for _, q := range s.Queries {
			rows = append(rows, []string{
				q.Query, strconv.FormatInt(q.Found, 10), fmt.Sprintf("%.1f", q.PerSecond), fmt.Sprintf("%.3f", q.P50Millis), fmt.Sprintf("%.3f", q.P99Millis),
			})
		}
		fmt.Fprintln(w)
		align(w, rows)
		fmt.Fprintf(w, "\nmaking the accounts took %.1f s; one caller, no HTTP\n", s.FillSeconds)
	}
}

// figures are what was measured once.
func (r Report) figures(w io.Writer) {
	rows := [][]string{
		{"RSA-2048 signatures, all cores", fmt.Sprintf("%.1f/s", r.Limits.RSASignatures)},
		{"Argon2id hashes (19 MiB, t=2, p=1), all cores", fmt.Sprintf("%.1f/s", r.Limits.Argon2idHashes)},
		{"durable writes of 4 KiB, one at a time", fmt.Sprintf("%.1f/s", r.Limits.DurableWrites)},
	}
	if s := r.Server; s != nil {
		rows = append(rows,
			[]string{"server's memory at rest", fmt.Sprintf("%.1f MB", float64(s.IdleRSS)/1e6)},
			[]string{"server's memory at most", fmt.Sprintf("%.1f MB", float64(s.PeakRSS)/1e6)},
			[]string{"cold start", fmt.Sprintf("%.1f ms", s.ColdStartMillis)})
	}
	fmt.Fprintln(w)
	align(w, rows)
}

func (r Report) expectations(w io.Writer) {
	if len(r.Expectations) == 0 {
		return
	}
	rows := [][]string{{"expectation (best rate / best rate)", "value", "expected", ""}}
	for _, e := range r.Expectations {
		bound, verdict := "at least", "not met"
		if e.AtMost {
			bound = "at most"
		}
		if e.Met {
			verdict = "met"
		}
		unit := strings.TrimSuffix(" "+e.Unit, " ")
		rows = append(rows, []string{e.Name, fmt.Sprintf("%g%s", e.Value, unit), fmt.Sprintf("%s %g%s", bound, e.Expected, unit), verdict})
	}
	fmt.Fprintln(w)
	align(w, rows)
	if r.Machine.Cores != 2 {
		fmt.Fprintln(w, "\nThe expectations are for two cores.")
	}
}

// align writes rows in columns: the first to the left, the others to the right.
func align(w io.Writer, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		line := fmt.Sprintf("%-*s", widths[0], row[0])
		for i, cell := range row[1:] {
			line += fmt.Sprintf("  %*s", widths[i+1], cell)
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}

func micros(v float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", v)
}

// failures says how many answers failed, and with which status.
func failures(m Measurement) string {
	if m.Errors == 0 {
		return "0"
	}
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(m.ErrorStatuses)) {
		parts = append(parts, fmt.Sprintf("%d: %d", status, m.ErrorStatuses[status]))
	}
	return fmt.Sprintf("%d (%s)", m.Errors, strings.Join(parts, ", "))
}
