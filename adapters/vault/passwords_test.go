package vault

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/101pay/101pay/ports/portstest"
)

func TestPasswords(t *testing.T) { portstest.Passwords(t, NewPasswords()) }

// A stored hash must not be able to match everything, or to take the machine.
func TestForgedHashesMatchNothing(t *testing.T) {
	p := NewPasswords()
	for _, hash := range []string{
		"$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$", // no bytes to compare
		"$argon2id$v=19$m=4294967295,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + strings.Repeat("A", 43),
		"$argon2id$v=19$m=19456,t=4294967295,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + strings.Repeat("A", 43),
		"$argon2id$v=19$m=19456,t=0,p=0$AAAAAAAAAAAAAAAAAAAAAA$" + strings.Repeat("A", 43),
		"$argon2id$v=19$m=19456,t=2,p=255$AAAAAAAAAAAAAAAAAAAAAA$" + strings.Repeat("A", 43),
		"$2a$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234", nobody, "plain",
	} {
		if ok, _ := p.Verify(t.Context(), "plain", hash); ok {
			t.Errorf("%s matches", hash)
		}
	}
	if !isOurs(nobody) {
		t.Error("the hash of nobody costs another time than others")
	}
	if hash, err := p.Hash(t.Context(), "x"); err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") || !isOurs(hash) {
		t.Errorf("hashed as %s, %v", hash, err)
	}
}

// However many log in at once, a bounded number is hashed and a bounded number waits.
func TestHashingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPasswords()
		entered := make(chan error, slots+queue)
		for range slots + queue {
			go func() { entered <- p.enter(t.Context()) }()
		}
		synctest.Wait()
		if len(entered) != slots {
			t.Errorf("%d hash at once, want %d", len(entered), slots)
		}
		if _, err := p.Hash(t.Context(), "one more"); !errors.Is(err, ErrBusy) {
			t.Fatalf("beyond the queue: %v", err)
		}
		if ok, err := p.Verify(t.Context(), "one more", ""); ok || !errors.Is(err, ErrBusy) {
			t.Fatalf("beyond the queue: %v, %v", ok, err)
		}
		for range slots + queue {
			if err := <-entered; err != nil {
				t.Fatal(err)
			}
			p.leave()
		}
		if len(p.present)+len(p.working) != 0 {
			t.Error("a place is never given back")
		}
	})
}

func TestWellKnownPasswordsAreWeak(t *testing.T) {
	p := NewPasswords()
	for _, password := range []string{
		"password", "Password1!", "password123456", "P@ssw0rd2024", "passwordpassword", "qwertyuiop12", "1q2w3e4r5t6y", "Qwerty123456!",
		"111111111111", "abcabcabcabc", "123456789012345", "iloveyou1234", "letmein2025!!", "Summer2026!!", "adminadmin123", "zaq12wsxcde3",
		"correcthorsebatterystaple", "bitcoin123456", "101pay101pay", "987654321098", "asdfghjkl;'1", "trustno1trustno1", "welcome12345", "  password  ",
	} {
		if !p.Weak(password) {
			t.Errorf("%q is not called weak", password)
		}
	}
	for _, password := range []string{
		"gZ8#kq2LmvT4", "purple elephant climbs quietly", "Vn7-pRt3-Kx9w", "mein Fahrrad hat 3 Räder", "ようこそ私の秘密の部屋へ", "kumquat-otter-vellum",
		"q7Jx2mWp9sKd", "the password was eaten by my neighbour's dog",
	} {
		if p.Weak(password) {
			t.Errorf("%q is called weak", password)
		}
	}
	if p.Weak(strings.Repeat("password", 10_000)) {
		t.Error("looked at more than is bounded")
	}
}
