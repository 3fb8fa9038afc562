//go:build !linux

package main_test

import "syscall"

// tied has no way here to make a process end with the test binary; the cleanup of each test
// ends it.
func tied() *syscall.SysProcAttr { return nil }
