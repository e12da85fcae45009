package native_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// deskVault seals visibly; digests and tags are real.
type deskVault struct{}

func (deskVault) Seal(purpose string, plain []byte) ([]byte, error) {
	return append([]byte("sealed "+purpose+" "), plain...), nil
}

func (deskVault) Open(purpose string, sealed []byte) ([]byte, error) {
	plain, ok := bytes.CutPrefix(sealed, []byte("sealed "+purpose+" "))
	if !ok {
		return nil, errors.New("sealed for something else")
	}
	return plain, nil
}

func (deskVault) Digest(s keys.Secret) []byte { return deskMAC("digest", s.Reveal()) }

func (deskVault) Tag(purpose, text string) []byte { return deskMAC("tag "+purpose, text)[:16] }

func deskMAC(purpose, text string) []byte {
	mac := hmac.New(sha256.New, []byte(purpose))
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// deskPasswords are quick.
type deskPasswords struct{}

func (deskPasswords) Hash(_ context.Context, password string) (string, error) {
	return "hash of " + password, nil
}

func (deskPasswords) Verify(_ context.Context, password, hash string) (bool, error) {
	return hash == "hash of "+password, nil
}

func (deskPasswords) Weak(password string) bool { return password == "password1234" }

// deskTokens are claims with a MAC.
type deskTokens struct{}

func (deskTokens) Sign(c ports.AccessClaims, _ time.Time) (string, error) {
	text, err := json.Marshal(c)
	return hex.EncodeToString(text) + "." + hex.EncodeToString(deskMAC("token", string(text))), err
}

func (deskTokens) Read(token string, now time.Time) (c ports.AccessClaims, err error) {
	body, mac, _ := strings.Cut(token, ".")
	text, err := hex.DecodeString(body)
	if err != nil || mac != hex.EncodeToString(deskMAC("token", string(text))) {
		return c, keys.ErrUnauthorized
	}
	if err := json.Unmarshal(text, &c); err != nil || !now.Before(c.Expires) {
		return ports.AccessClaims{}, keys.ErrUnauthorized
	}
	return c, nil
}

type deskIDs struct{}

func (deskIDs) UUID() string { return portstest.UUID() }

func (deskIDs) Bytes(n int) []byte {
	b := portstest.Unique()
	return b[:n]
}

func (deskIDs) Intn(n int) int {
	b := portstest.Unique()
	return (int(b[0])<<16 + int(b[1])<<8 + int(b[2])) % n
}

type deskClock struct {
	mu  sync.Mutex
	now time.Time // guarded by mu
}

func (c *deskClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *deskClock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// deskTron stands for a live rail; nothing here reads it.
type deskTron struct{ ports.Chain }

func (deskTron) Assets() []chain.Asset {
	return []chain.Asset{{Network: chain.Tron, Symbol: "USDT", Decimals: 6, Contract: chain.TronUSDT}}
}
