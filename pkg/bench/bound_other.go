//go:build !linux

package bench

import "syscall"

// bound is Linux's: elsewhere a process that was started outlives a killed parent.
func bound() *syscall.SysProcAttr { return nil }
