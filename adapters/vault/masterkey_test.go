package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestKeysAreReadInEveryCommonForm(t *testing.T) {
	var random [32]byte
	rand.Read(random[:])
	want := NewMasterKey(random)
	raw := random[:]
	for _, text := range []string{
		hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)), " " + hex.EncodeToString(raw) + "\n",
		base64.StdEncoding.EncodeToString(raw), base64.RawStdEncoding.EncodeToString(raw),
		base64.URLEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw),
	} {
		if got, err := ParseMasterKey(text); err != nil || got != want {
			t.Errorf("%d characters: %v", len(text), err)
		}
	}
	for text, want := range map[string]error{
		"": ErrKeyForm, "secret": ErrKeyForm, hex.EncodeToString(raw[:31]): ErrKeyForm,
		hex.EncodeToString(raw) + "00": ErrKeyForm, base64.StdEncoding.EncodeToString(raw[:24]): ErrKeyForm,
		strings.Repeat("0", 64): ErrKeyWeak, strings.Repeat("deadbeef", 8): ErrKeyWeak,
	} {
		_, err := ParseMasterKey(text)
		if !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
		if err != nil && len(text) > 8 && strings.Contains(err.Error(), text[:8]) {
			t.Errorf("the complaint tells the key: %v", err)
		}
	}
}

func TestKeysNeverPrint(t *testing.T) {
	random := [32]byte(bytes.Repeat([]byte{0xAB}, 32))
	key := NewMasterKey(random)
	out := fmt.Sprintf("%v %+v %#v %s %x %q", key, key, key, key, key, key)
	body, _ := json.Marshal(map[string]any{"k": key})
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("key", "key", key)
	for _, text := range []string{out, string(body), log.String()} {
		if strings.Contains(strings.ToLower(text), "abab") || strings.Contains(text, "171 171") {
			t.Errorf("printed: %s", text)
		}
	}
}

// The first start makes a key for its owner only; every later one reads the same.
func TestTheKeyIsMadeOnceAndKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	first, err := LoadOrCreateKey("", dir)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, KeyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file is %v, %v", info, err)
	}
	if again, err := LoadOrCreateKey("", dir); err != nil || again != first {
		t.Errorf("the second start: another key or %v", err)
	}
	given, err := LoadOrCreateKey(hex.EncodeToString(first.bytes[:]), "/nowhere")
	if err != nil || given != first {
		t.Errorf("a given key: %v", err)
	}
	if names, _ := os.ReadDir(dir); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
	if other, err := LoadOrCreateKey("", t.TempDir()); err != nil || other == first {
		t.Errorf("two installations share a key, or %v", err)
	}
}

// Processes that start at once agree on one key.
func TestRacingStartsAgreeOnOneKey(t *testing.T) {
	dir := t.TempDir()
	made := make([]MasterKey, 32)
	var wg sync.WaitGroup
	for i := range made {
		wg.Go(func() {
			var err error
			if made[i], err = LoadOrCreateKey("", dir); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, k := range made {
		if k != made[0] || k == (MasterKey{}) {
			t.Fatal("two processes use different keys")
		}
	}
	if names, _ := os.ReadDir(dir); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
}

// A key that others may read, or that is damaged, stops the start. It is never replaced: what it
// sealed would be lost.
func TestBadKeyFilesStopTheStart(t *testing.T) {
	good := hex.EncodeToString([]byte("0123456789abcdefghijklmnopqrstuv"))
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		want error
	}{
		"group may read":  {good, 0o640, ErrKeyShared},
		"world may read":  {good, 0o604, ErrKeyShared},
		"group may write": {good, 0o620, ErrKeyShared},
		"empty":           {"", 0o600, ErrKeyForm},
		"cut":             {good[:40], 0o600, ErrKeyForm},
		"too long":        {good + strings.Repeat(" ", 2000) + good, 0o600, nil},
		"two keys":        {good + "\n" + good, 0o600, ErrKeyForm},
		"good":            {good + "\n", 0o600, nil},
		"read only":       {good, 0o400, nil},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), KeyFile)
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(path, c.mode); err != nil {
				t.Fatal(err)
			}
			_, err := LoadOrCreateKey("", filepath.Dir(path))
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			if kept, _ := os.ReadFile(path); string(kept) != c.text {
				t.Error("the file was replaced")
			}
		})
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, KeyFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadOrCreateKey("", dir); err == nil {
		t.Error("a directory is no key")
	}
}
