package main_test

import "syscall"

// tied makes a process end with the test binary, however that ends.
func tied() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
