//go:build !linux

package anviltest

import "syscall"

// attributes has nothing to say here: only Linux can tie a child's life to ours.
func attributes() *syscall.SysProcAttr { return nil }
