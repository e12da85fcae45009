package vault

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
)

const (
	// KeyFile is where a generated master key is kept, in the data directory.
	KeyFile = "master.key"
	// maxKeyFileBytes bounds what is read of it.
	maxKeyFileBytes = 1 << 10
)

// Reasons to refuse a master key. None holds any part of it.
var (
	ErrKeyForm = errors.New("MASTER_KEY must be 32 random bytes in hex (64 digits) or base64 (44 " +
		"characters); make one with: openssl rand -hex 32")
	ErrKeyWeak   = errors.New("MASTER_KEY is not random: it repeats a few bytes")
	ErrKeyShared = errors.New("others may read the master key; allow its owner only (chmod 600)")
)

// MasterKey is the one key all others are derived from. It never prints.
type MasterKey struct{ bytes [keyBytes]byte }

// NewMasterKey wraps 32 random bytes.
func NewMasterKey(random [keyBytes]byte) MasterKey { return MasterKey{random} }

// String redacts, under every formatting verb.
func (MasterKey) String() string { return "[redacted]" }

// GoString redacts %#v.
func (MasterKey) GoString() string { return "[redacted]" }

// LogValue redacts structured logs.
func (MasterKey) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// MarshalText redacts encoders.
func (MasterKey) MarshalText() ([]byte, error) { return []byte("[redacted]"), nil }

// ParseMasterKey reads a key from text: 64 hex digits, or base64 of 32 bytes, standard or URL-safe,
// padded or not.
func ParseMasterKey(text string) (MasterKey, error) {
	text = strings.TrimSpace(text)
	raw, err := hex.DecodeString(text)
	if err != nil {
		plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
		raw, err = base64.RawStdEncoding.Strict().DecodeString(plain)
	}
	if err != nil || len(raw) != keyBytes || strings.ContainsAny(text, "\r\n") {
		return MasterKey{}, ErrKeyForm
	}
	if !varied(raw) {
		return MasterKey{}, ErrKeyWeak
	}
	return MasterKey{[keyBytes]byte(raw)}, nil
}

// varied refuses placeholders such as zeros or a word repeated. 32 random bytes have fewer than 16
// different ones about once in 10^13.
func varied(raw []byte) bool {
	const fewest = 16
	seen := map[byte]bool{}
	for _, b := range raw {
		seen[b] = true
	}
	return len(seen) >= fewest
}

// LoadOrCreateKey answers the master key: of the text if there is any, else of KeyFile in the data
// directory, which is made, for its owner only, if it does not exist. Several processes that start
// at once agree on one key.
func LoadOrCreateKey(text, dataDir string) (MasterKey, error) {
	if text != "" {
		return ParseMasterKey(text)
	}
	path := filepath.Join(dataDir, KeyFile)
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createKey(dataDir, path); err != nil {
			return MasterKey{}, fmt.Errorf("create master key: %w", err)
		}
		key, err = readKey(path)
	}
	if err != nil {
		return MasterKey{}, fmt.Errorf("read master key %s: %w", path, err)
	}
	return key, nil
}

// readKey reads a key file that only its owner may read. What is checked is the file that was
// opened, not one that had its name before.
func readKey(path string) (MasterKey, error) {
	f, err := os.Open(path)
	if err != nil {
		return MasterKey{}, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return MasterKey{}, err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 {
		return MasterKey{}, ErrKeyShared
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFileBytes))
	if err != nil {
		return MasterKey{}, err
	}
	return ParseMasterKey(string(bytes.TrimSpace(text)))
}

// createKey makes a key file in one step: it has its name when it is complete and on the disk, and
// never takes the place of another.
func createKey(dataDir, path string) (err error) {
	if err := os.MkdirAll(dataDir, 0o700); err != nil {
		return err
	}
	draft, err := os.CreateTemp(dataDir, KeyFile+".*") // mode 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(draft.Name())) }()
	random := make([]byte, keyBytes)
	_, _ = rand.Read(random) // documented never to answer an error
	_, err = draft.WriteString(hex.EncodeToString(random) + "\n")
	if err = errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDirectory(dataDir)
}

// syncDirectory makes a new name survive a power cut: a key that is lost takes all it sealed along.
func syncDirectory(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
