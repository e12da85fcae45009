//go:build unix && !linux

package pgembed

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// diesWithUs has no counterpart here: a server that outlives a killed gateway is stopped by the next
// start.
func diesWithUs(attr *syscall.SysProcAttr) *syscall.SysProcAttr { return attr }

// commandLine asks ps. Arguments with spaces fall apart, which can only make a server look foreign.
func commandLine(pid int) []string {
	out, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return nil
	}
	return strings.Fields(string(out))
}

// children finds none: backends notice the end of their server by themselves.
func children(int) []int { return nil }
