package main

import (
	"bytes"
	"strings"
	"testing"
)

// started runs a command line in an environment and answers what it printed and its exit code.
func started(t *testing.T, env map[string]string, args ...string) (printed string, code int) {
	t.Helper()
	var out bytes.Buffer
	home := t.TempDir()
	getenv := func(name string) string {
		if name == "HOME" {
			return home
		}
		return env[name]
	}
	code = run(process{t.Context(), getenv, strings.NewReader(""), &out, &out}, args)
	return out.String(), code
}

// A setting comes from the variable of its name. What is asked of one command does not, nor does help:
// such names belong to everybody, and a shell may have them for reasons of its own.
func TestOnlySettingsComeFromTheEnvironment(t *testing.T) {
	everybodys := map[string]string{
		"HELP": "yes, please", "LISTEN_ADDR": "127.0.0.1:9", "NETWORK": "BASE", "SINCE": "never", "FROM": "here",
		"AMOUNT": "much", "AT": "once", "KEYS": "none",
	}
	if text, code := started(t, everybodys, "config"); code != 0 || !strings.Contains(text, "LISTEN_ADDR=127.0.0.1:9\n") {
		t.Errorf("config answers %d:\n%s", code, text)
	}
	if text, code := started(t, everybodys, "version"); code != 0 || text != "101pay "+version+"\n" {
		t.Errorf("version answers %d:\n%s", code, text)
	}
	if text, code := started(t, everybodys, "rescan"); code != 2 || !strings.Contains(text, "missing flags: --network") {
		t.Errorf("rescan answers %d:\n%s", code, text)
	}
	if text, code := started(t, nil, "--help"); code != 0 || !strings.Contains(text, "Usage: 101pay") {
		t.Errorf("--help answers %d:\n%s", code, text)
	}
}
