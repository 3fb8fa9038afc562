package bench

import "syscall"

// bound makes the kernel end a process when its parent ends, however that comes about.
func bound() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
