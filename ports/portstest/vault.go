package portstest

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Vault holds a vault to its promises. open answers a vault of a master key; two vaults of one key
// are alike, two of different keys are strangers.
func Vault(t *testing.T, open func(t *testing.T, master [32]byte) ports.Vault) {
	mine, twin, stranger := open(t, [32]byte{1}), open(t, [32]byte{1}), open(t, [32]byte{2})
	t.Run("what was sealed opens, also after a restart", func(t *testing.T) {
		for _, plain := range [][]byte{nil, []byte("x"), bytes.Repeat([]byte{0}, 1<<16)} {
			sealed, err := mine.Seal("a", plain)
			ok(t, err)
			for _, v := range []ports.Vault{mine, twin} {
				opened, err := v.Open("a", sealed)
				ok(t, err)
				same(t, opened, plain)
			}
		}
	})
	t.Run("what is sealed does not show", func(t *testing.T) {
		plain := []byte("sk_live_a private key of a merchant")
		first, err := mine.Seal("a", plain)
		ok(t, err)
		second, err := mine.Seal("a", plain)
		ok(t, err)
		if bytes.Contains(first, plain) {
			t.Fatal("the plain text is inside the sealed one")
		}
		if bytes.Equal(first, second) {
			t.Fatal("sealing twice gives the same: equal secrets can be told")
		}
	})
	t.Run("altered, cut, or sealed for another purpose or key, nothing opens", func(t *testing.T) {
		sealed, err := mine.Seal("a", []byte("secret"))
		ok(t, err)
		for i := range sealed {
			altered := bytes.Clone(sealed)
			altered[i] ^= 1
			opens(t, mine, "a", altered, false)
			opens(t, mine, "a", sealed[:i], false)
		}
		opens(t, mine, "a", append(bytes.Clone(sealed), 0), false)
		opens(t, mine, "b", sealed, false)
		opens(t, stranger, "a", sealed, false)
		opens(t, mine, "a", sealed, true)
	})
	t.Run("a digest is the same for one secret and key, and for no other", func(t *testing.T) {
		digest := mine.Digest(keys.NewSecret("one"))
		same(t, twin.Digest(keys.NewSecret("one")), digest)
		for _, other := range [][]byte{
			mine.Digest(keys.NewSecret("two")), stranger.Digest(keys.NewSecret("one")),
		} {
			if bytes.Equal(digest, other) {
				t.Fatal("two secrets or keys share a digest")
			}
		}
	})
	t.Run("a tag proves a text for one purpose and key", func(t *testing.T) {
		tag := mine.Tag("cursor", "text")
		same(t, twin.Tag("cursor", "text"), tag)
		for _, other := range [][]byte{
			mine.Tag("cursor", "texts"), mine.Tag("link", "text"), stranger.Tag("cursor", "text"),
			mine.Tag("curso", "rtext"), mine.Digest(keys.NewSecret("text")),
		} {
			if bytes.Equal(tag, other) {
				t.Fatal("a tag passes for another")
			}
		}
	})
}

func opens(t *testing.T, v ports.Vault, purpose string, sealed []byte, want bool) {
	t.Helper()
	if _, err := v.Open(purpose, sealed); (err == nil) != want {
		t.Fatalf("opened: %v, want %v", err == nil, want)
	}
}

// Passwords holds a password hasher to its promises.
func Passwords(t *testing.T, p ports.Passwords) {
	const password = "correct horse ☕ battery"
	hash, err := p.Hash(t.Context(), password)
	ok(t, err)
	verify := func(t *testing.T, password, hash string, want bool) {
		t.Helper()
		got, _ := p.Verify(t.Context(), password, hash)
		same(t, got, want)
	}
	t.Run("a password matches its hash and no other", func(t *testing.T) {
		verify(t, password, hash, true)
		verify(t, password+" ", hash, false)
		verify(t, strings.ToUpper(password), hash, false)
		verify(t, "", hash, false)
		again, err := p.Hash(t.Context(), password)
		ok(t, err)
		if again == hash {
			t.Fatal("one password hashes alike twice: it is not salted")
		}
		verify(t, password, again, true)
		if strings.Contains(hash, password) {
			t.Fatal("the hash holds the password")
		}
	})
	t.Run("no hash matches nothing", func(t *testing.T) {
		verify(t, password, "", false)
		verify(t, "", "", false)
		verify(t, password, "$nonsense$", false)
	})
	t.Run("a caller that gave up is answered with an error", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if _, err := p.Hash(ctx, password); err == nil {
			t.Fatal("hashed for nobody")
		}
		if _, err := p.Verify(ctx, password, hash); err == nil {
			t.Fatal("verified for nobody")
		}
	})
	t.Run("well-known passwords are weak", func(t *testing.T) {
		for password, weak := range map[string]bool{
			"password1234": true, "123456789012": true, password: false,
		} {
			if p.Weak(password) != weak {
				t.Errorf("weak(%q) = %v, want %v", password, !weak, weak)
			}
		}
	})
}

// Tokens holds a signer of access tokens to its promises. open answers a signer of a master key.
func Tokens(t *testing.T, open func(t *testing.T, master [32]byte) ports.Tokens) {
	mine, twin, stranger := open(t, [32]byte{1}), open(t, [32]byte{1}), open(t, [32]byte{2})
	now := Epoch.Truncate(time.Second)
	claims := ports.AccessClaims{
		Merchant: merchant.ID(UUID()), LoginID: UUID(), Expires: now.Add(15 * time.Minute),
	}
	token, err := mine.Sign(claims, now)
	ok(t, err)
	unauthorized := func(t *testing.T, signer ports.Tokens, token string, now time.Time) {
		t.Helper()
		_, err := signer.Read(token, now)
		isFault(t, err, keys.ErrUnauthorized)
	}
	t.Run("a token reads as it was signed, also after a restart", func(t *testing.T) {
		for _, signer := range []ports.Tokens{mine, twin} {
			got, err := signer.Read(token, now.Add(14*time.Minute))
			ok(t, err)
			same(t, got, claims)
		}
	})
	t.Run("a token ends", func(t *testing.T) {
		for _, after := range []time.Duration{0, time.Second} {
			unauthorized(t, mine, token, claims.Expires.Add(after))
		}
		_, err := mine.Read(token, claims.Expires.Add(-time.Second))
		ok(t, err)
	})
	t.Run("a token of another key is not ours", func(t *testing.T) {
		unauthorized(t, stranger, token, now)
	})
	t.Run("an altered token is refused, wherever it was altered", func(t *testing.T) {
		for i := range token {
			for _, c := range []byte{'A', 'b'} {
				// The last letter of a part holds spare bits, so an altered letter may mean the same;
				// a letter that is always read is altered in every other place.
				if i+1 == len(token) || token[i+1] == '.' || token[i] == c {
					continue
				}
				unauthorized(t, mine, token[:i]+string(c)+token[i+1:], now)
			}
		}
	})
	t.Run("what is no token of ours is refused", func(t *testing.T) {
		head, rest, _ := strings.Cut(token, ".")
		body, _, _ := strings.Cut(rest, ".")
		for _, text := range append([]string{
			head + "." + body + ".", head + "." + body, "." + rest,
			// {"alg":"none","typ":"JWT"}
			"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + body + ".",
			"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + rest,
			strings.Repeat("a", 1<<16), token + "." + token,
		}, hostile...) {
			unauthorized(t, mine, text, now)
		}
	})
}
