package bench

import (
	"os"
	"runtime"
	"time"
)

// usage is what the processors did in a measurement.
type usage struct {
	pid     int       // of the server, or 0
	at      time.Time // when it began
	elapsed time.Duration
	server  time.Duration // processor time in the server; zero when not known
	client  time.Duration // and in this process
	machine time.Duration // and in all, kernel and hypervisor included
}

func usageNow(pid int) usage {
	return usage{pid: pid, at: time.Now(), server: cpuTime(pid), client: cpuTime(os.Getpid()), machine: machineTime()}
}

// since returns what has been used since u was taken.
func (u usage) since() usage {
	now := usageNow(u.pid)
	return usage{
		pid: u.pid, at: u.at, elapsed: now.at.Sub(u.at),
		server: now.server - u.server, client: now.client - u.client, machine: now.machine - u.machine,
	}
}

// busy adds up measurements.
type busy struct{ capacity, foreign time.Duration }

func (b *busy) add(u usage) {
	b.capacity += u.elapsed * time.Duration(runtime.NumCPU())
	b.foreign += u.machine - u.server - u.client
}

// others returns the share of the processors that was used by neither server nor client.
func (b *busy) others() float64 {
	if b.capacity <= 0 || b.foreign <= 0 {
		return 0
	}
	return round(float64(b.foreign)/float64(b.capacity), 3)
}
