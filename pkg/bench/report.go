package bench

import (
	"math"
	"runtime"
	"time"
)

// Report is the outcome of a run. Its JSON is stable: members are added, and neither renamed
// nor given another meaning or order, so that two runs can be compared line by line.
type Report struct {
	Machine         Machine `json:"machine"`
	DurationSeconds float64 `json:"durationSeconds"` // of each measurement
	Target          string  `json:"target"`          // URL of a server that ran already, or "own server"
	// OthersCPUShare is the part of the machine's processor time that neither server nor client
	// used while they were measured, and yet was used: above a few percent the figures are those
	// of a busy machine. With a server that ran already, it is not known and zero.
	OthersCPUShare float64       `json:"othersCpuShare"`
	Limits         Limits        `json:"limits"`
	Server         *Server       `json:"server,omitempty"` // of an own server only
	Measurements   []Measurement `json:"measurements"`
	Searches       []Searches    `json:"searches,omitempty"` // with an own server only
	Expectations   []Expectation `json:"expectations"`
}

// Machine is where the run took place, and what with.
type Machine struct {
	OS        string `json:"os"`
	Arch      string `json:"arch"`
	CPU       string `json:"cpu,omitempty"`
	Cores     int    `json:"cores"` // that Go may use
	GoVersion string `json:"goVersion"`
}

// Limits are what the machine can do at best, measured in the same run.
type Limits struct {
	RSASignatures  float64 `json:"rsa2048SignaturesPerSecond"` // PKCS #1 v1.5, on all cores
	Argon2idHashes float64 `json:"argon2idHashesPerSecond"`    // m=19456 KiB, t=2, p=1, on all cores
	DurableWrites  float64 `json:"durableWritesPerSecond"`     // of 4 KiB, one at a time, in the temporary folder
	// Hello is a server with one route and nothing but Gin.
	Hello []Measurement `json:"hello"`
}

// Server is what an own server needed. Zero where the system does not tell.
type Server struct {
	ColdStartMillis float64 `json:"coldStartMillis"` // median from start to ready, key and store being there
	IdleRSS         int64   `json:"idleRssBytes"`    // resident memory before the load
	PeakRSS         int64   `json:"peakRssBytes"`
}

// Measurement is one operation with one number of connections.
type Measurement struct {
	Operation   string `json:"operation"`
	Method      string `json:"method"`
	Path        string `json:"path"`
	Concurrency int    `json:"concurrency"`
	// PerSecond counts successes; so do the latencies, which are exact to 1.6 %.
	PerSecond float64 `json:"perSecond"`
	P50Millis float64 `json:"p50Millis"`
	P99Millis float64 `json:"p99Millis"`
	// Errors are answers that were not 2xx or did not hold what they should.
	Errors        int         `json:"errors"`
	ErrorStatuses map[int]int `json:"errorStatuses,omitempty"`
	// ServerCPUMicros is processor time per answer in the server, ClientCPUMicros in the bench.
	// They are left out where they are not known.
	ServerCPUMicros float64 `json:"serverCpuMicros,omitempty"`
	ClientCPUMicros float64 `json:"clientCpuMicros,omitempty"`
}

// Searches is the search for accounts in one kind of store, as an admin's request has it, with
// one caller and without HTTP.
type Searches struct {
	Store       string   `json:"store"`
	Accounts    int      `json:"accounts"`
	FillSeconds float64  `json:"fillSeconds"` // to make the accounts, many at a time
	Queries     []Search `json:"queries"`
}

// Search is one query.
type Search struct {
	Query     string  `json:"query"`
	Found     int64   `json:"found"`
	PerSecond float64 `json:"perSecond"`
	P50Millis float64 `json:"p50Millis"`
	P99Millis float64 `json:"p99Millis"`
}

func newReport(o Options) Report {
	r := Report{
		Machine: Machine{
			OS: runtime.GOOS, Arch: runtime.GOARCH, CPU: cpuModel(), Cores: runtime.GOMAXPROCS(0), GoVersion: runtime.Version(),
		},
		DurationSeconds: o.Duration.Seconds(), Target: o.URL,
		Limits: Limits{Hello: []Measurement{}}, Measurements: []Measurement{},
	}
	if o.URL == "" {
		r.Target = "own server"
	}
	return r
}

func (t *tally) measurement(a about, concurrency int) Measurement {
	m := Measurement{
		Operation: a.name, Method: a.method, Path: a.path, Concurrency: concurrency,
		PerSecond: round(float64(t.latency.total)/t.elapsed.Seconds(), 1),
		P50Millis: millis(t.latency.quantile(0.50)), P99Millis: millis(t.latency.quantile(0.99)),
		Errors: t.failures(), ErrorStatuses: t.failed,
	}
	if answers := float64(t.latency.total + m.Errors); answers > 0 {
		m.ServerCPUMicros = round(float64(t.server)/1e3/answers, 1)
		m.ClientCPUMicros = round(float64(t.client)/1e3/answers, 1)
	}
	return m
}

func millis(d time.Duration) float64 { return round(float64(d)/1e6, 3) }

func round(v float64, places int) float64 {
	scale := math.Pow10(places)
	return math.Round(v*scale) / scale
}
