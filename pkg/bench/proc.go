package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// tick is the unit in which Linux tells processor time to programs, on every architecture.
const tick = 10 * time.Millisecond

// cpuTime returns the processor time that a process has used, or zero where that cannot be
// known: pid is 0, or the system is not Linux.
func cpuTime(pid int) time.Duration {
	if pid == 0 {
		return 0
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	return parseCPUTime(stat)
}

// parseCPUTime reads utime and stime, fields 14 and 15 of proc_pid_stat(5). The second field is
// the program's name in parentheses and may hold anything.
func parseCPUTime(stat []byte) time.Duration {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0
	}
	user, err1 := strconv.ParseInt(string(fields[11]), 10, 64)
	system, err2 := strconv.ParseInt(string(fields[12]), 10, 64)
	if err1 != nil || err2 != nil {
		return 0
	}
	return time.Duration(user+system) * tick
}

// machineTime returns the processor time that all cores have used, or zero.
func machineTime() time.Duration {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	return parseMachineTime(stat)
}

// parseMachineTime adds up the first line of proc_stat(5) without idle and iowait, the fourth
// and the fifth amount, and without guests, which user holds already.
func parseMachineTime(stat []byte) time.Duration {
	line, _, _ := bytes.Cut(stat, []byte("\n"))
	amounts, isTotal := bytes.CutPrefix(line, []byte("cpu "))
	total := int64(0)
	for i, amount := range bytes.Fields(amounts) {
		n, err := strconv.ParseInt(string(amount), 10, 64)
		if err != nil {
			return 0
		}
		if i != 3 && i != 4 && i < 8 {
			total += n
		}
	}
	if !isTotal {
		return 0
	}
	return time.Duration(total) * tick
}

// memory returns the resident memory of a process, now and at most, in bytes; zeros where that
// cannot be known.
func memory(pid int) (now, peak int64) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0
	}
	return statusField(status, "VmRSS"), statusField(status, "VmHWM")
}

// statusField reads an amount of memory from proc_pid_status(5), in bytes.
func statusField(status []byte, name string) int64 {
	_, rest, _ := bytes.Cut(append([]byte{'\n'}, status...), []byte("\n"+name+":"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	number, isKiB := bytes.CutSuffix(bytes.TrimSpace(line), []byte(" kB"))
	n, err := strconv.ParseInt(string(bytes.TrimSpace(number)), 10, 64)
	if err != nil || !isKiB {
		return 0
	}
	return n << 10
}

// cpuModel returns what the processor calls itself, or nothing.
func cpuModel() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	_, rest, _ := bytes.Cut(info, []byte("model name"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return string(bytes.TrimLeft(line, "\t :"))
}
