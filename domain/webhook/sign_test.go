package webhook

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// The example of the Standard Webhooks specification's reference libraries.
const (
	specSecret    = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	specID        = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	specTime      = 1614265330
	specBody      = `{"test": 2432232314}`
	specSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
)

func secretOf(t *testing.T, fill byte) Secret {
	t.Helper()
	s, err := NewSecret(bytes.Repeat([]byte{fill}, SecretBytes))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func signed(t *testing.T, body []byte, secrets ...Secret) Message {
	t.Helper()
	signature, err := Sign(secrets, "evt_1", noon, body)
	if err != nil {
		t.Fatal(err)
	}
	return Message{ID: "evt_1", Timestamp: Timestamp(noon), Signature: signature, Body: body}
}

func TestSignatureIsTheSpecificationsOwn(t *testing.T) {
	secret, err := ParseSecret(specSecret)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Sign([]Secret{secret}, specID, time.Unix(specTime, 0), []byte(specBody))
	if err != nil || got != specSignature {
		t.Errorf("signed %q (%v), the specification says %q", got, err, specSignature)
	}
}

func TestBothSecretsOfARotationSign(t *testing.T) {
	older, newer := secretOf(t, 1), secretOf(t, 2)
	m := signed(t, []byte(`{"name":"☕"}`), newer, older)
	if n := len(strings.Split(m.Signature, " ")); n != 2 {
		t.Fatalf("%d signatures, want 2", n)
	}
	for _, s := range []Secret{older, newer} {
		if err := Verify([]Secret{s}, m, noon); err != nil {
			t.Errorf("a live secret does not verify: %v", err)
		}
	}
	if err := Verify([]Secret{secretOf(t, 3)}, m, noon); !errors.Is(err, ErrSignature) {
		t.Errorf("a stranger's secret verifies: %v", err)
	}
}

func TestVerifyRefusesWhatWasNotSignedNow(t *testing.T) {
	secret := secretOf(t, 1)
	good := signed(t, []byte(`{"amount":"9.99"}`), secret)
	for name, change := range map[string]func(*Message){
		"none":                   func(*Message) {},
		"other id":               func(m *Message) { m.ID = "evt_2" },
		"id with a full stop":    func(m *Message) { m.ID = "evt_1." + m.Timestamp; m.Timestamp = "" },
		"no id":                  func(m *Message) { m.ID = "" },
		"other time":             func(m *Message) { m.Timestamp = Timestamp(noon.Add(time.Second)) },
		"time with a plus":       func(m *Message) { m.Timestamp = "+" + m.Timestamp },
		"time with a zero":       func(m *Message) { m.Timestamp = "0" + m.Timestamp },
		"no time":                func(m *Message) { m.Timestamp = "" },
		"body and key order":     func(m *Message) { m.Body = []byte(`{"amount": "9.99"}`) },
		"longer body":            func(m *Message) { m.Body = append(m.Body[:len(m.Body):len(m.Body)], ' ') },
		"no body":                func(m *Message) { m.Body = nil },
		"no signature":           func(m *Message) { m.Signature = "" },
		"other version":          func(m *Message) { m.Signature = "v2" + m.Signature[2:] },
		"no version":             func(m *Message) { m.Signature = m.Signature[3:] },
		"upper case":             func(m *Message) { m.Signature = strings.ToUpper(m.Signature) },
		"cut":                    func(m *Message) { m.Signature = m.Signature[:len(m.Signature)-1] },
		"commas for spaces":      func(m *Message) { m.Signature = "v1,AAAA," + m.Signature },
		"a header without limit": func(m *Message) { m.Signature += strings.Repeat(" v1,A", 1000) },
	} {
		m := good
		change(&m)
		if err := Verify([]Secret{secret}, m, noon); (err == nil) != (name == "none") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for off, ok := range map[time.Duration]bool{
		tolerance: true, -tolerance: true, tolerance + time.Second: false, -tolerance - time.Second: false,
	} {
		if err := Verify([]Secret{secret}, good, noon.Add(off)); (err == nil) != ok {
			t.Errorf("%v later: %v", off, err)
		}
	}
	if err := Verify(nil, good, noon); err == nil {
		t.Error("no secret verifies")
	}
}

// An empty key verified in widely used libraries until it was noticed (reliability P0-11).
func TestAnEmptySecretNeitherSignsNorVerifies(t *testing.T) {
	if _, err := Sign([]Secret{{}}, "evt_1", noon, nil); err == nil {
		t.Error("signed with the zero secret")
	}
	if _, err := Sign(nil, "evt_1", noon, nil); err == nil {
		t.Error("signed with no secret")
	}
	if _, err := Sign([]Secret{secretOf(t, 1)}, "evt.1", noon, nil); err == nil {
		t.Error("signed an id with a full stop: it could pass for another id and time")
	}
	m := Message{ID: "evt_1", Timestamp: Timestamp(noon), Body: []byte("{}")}
	m.Signature = signature(Secret{}, m.ID, m.Timestamp, m.Body)
	if err := Verify([]Secret{{}}, m, noon); err == nil {
		t.Error("the zero secret verified its own signature")
	}
	for _, n := range []int{0, 1, minSecretBytes - 1, maxSecretBytes + 1} {
		if _, err := NewSecret(make([]byte, n)); !errors.Is(err, ErrInvalidSecret) {
			t.Errorf("a secret of %d bytes: %v", n, err)
		}
	}
	for _, n := range []int{minSecretBytes, SecretBytes, maxSecretBytes} {
		if _, err := NewSecret(make([]byte, n)); err != nil {
			t.Errorf("a secret of %d bytes: %v", n, err)
		}
	}
}

func TestSecretTextFormIsExact(t *testing.T) {
	secret := secretOf(t, 7)
	again, err := ParseSecret(secret.Reveal())
	if err != nil || !bytes.Equal(again.Key(), secret.Key()) {
		t.Fatalf("the text form does not read back: %v", err)
	}
	long := base64.StdEncoding.EncodeToString(make([]byte, maxSecretBytes+1))
	for _, text := range []string{
		"", "whsec_", secret.Reveal()[len("whsec_"):], "WHSEC_" + secret.Reveal()[6:],
		secret.Reveal() + "=", secret.Reveal() + "\n", " " + secret.Reveal(),
		"whsec_" + base64.URLEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 32)),
		"whsec_AAAA", "whsec_" + long,
	} {
		if _, err := ParseSecret(text); !errors.Is(err, ErrInvalidSecret) {
			t.Errorf("%q reads as a secret: %v", text, err)
		}
	}
}

func TestSecretsNeverPrint(t *testing.T) {
	secret := secretOf(t, 'k')
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "secret", secret, "in", []Secret{secret})
	printed := fmt.Sprintf("%v %+v %#v %s %q %v", secret, secret, secret, secret, secret, []Secret{secret})
	text, _ := secret.MarshalText()
	for _, out := range []string{log.String(), printed, string(text)} {
		if strings.Contains(out, "kkkk") || strings.Contains(out, secret.Reveal()[6:]) ||
			strings.Contains(out, "107 107") || strings.Contains(out, "0x6b") {
			t.Errorf("a secret shows in %q", out)
		}
	}
}

// W2: whatever is altered, nothing passes.
func TestNoTamperedMessagePasses(t *testing.T) {
	secret := secretOf(t, 1)
	random := rand.New(rand.NewPCG(1, 2))
	good := signed(t, []byte(`{"id":"evt_1","type":"payment.paid","amount":"9.99","☕":1}`), secret)
	rounds := 1_000_000
	if testing.Short() {
		rounds = 10_000
	}
	for range rounds {
		m := good
		switch random.IntN(4) {
		case 0:
			m.ID = tamper(random, m.ID)
		case 1:
			m.Timestamp = tamper(random, m.Timestamp)
		case 2:
			m.Signature = tamper(random, m.Signature)
		case 3:
			m.Body = []byte(tamper(random, string(m.Body)))
		}
		if Verify([]Secret{secret}, m, noon) == nil {
			t.Fatalf("accepted: %+v", m)
		}
	}
}

// tamper answers another text: one byte changed, removed, added, or two swapped.
func tamper(random *rand.Rand, s string) string {
	for {
		b := []byte(s)
		i, j := random.IntN(len(b)), random.IntN(len(b))
		switch random.IntN(4) {
		case 0:
			b[i] ^= byte(1 + random.IntN(255))
		case 1:
			b = append(b[:i], b[i+1:]...)
		case 2:
			// A space may be added at either end of the list of signatures without changing it.
			b = append(b[:i], append([]byte{byte('!' + random.IntN(90))}, b[i:]...)...)
		case 3:
			b[i], b[j] = b[j], b[i]
		}
		if string(b) != s {
			return string(b)
		}
	}
}

// Comparing with == leaks, byte by byte, how much of a forged signature is right.
func TestSignaturesAreComparedInConstantTime(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "sign.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	constant := 0
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			for _, side := range []ast.Expr{n.X, n.Y} {
				if id, ok := side.(*ast.Ident); ok && (id.Name == "want" || id.Name == "given") {
					t.Errorf("%s is compared with %s", id.Name, n.Op)
				}
			}
		case *ast.SelectorExpr:
			of, _ := n.X.(*ast.Ident)
			if of != nil && of.Name == "hmac" && n.Sel.Name == "Equal" {
				constant++
			}
			if of != nil && (of.Name == "bytes" || of.Name == "slices") {
				t.Errorf("%s.%s has no place beside signatures", of.Name, n.Sel.Name)
			}
		}
		return true
	})
	if constant != 1 {
		t.Errorf("%d comparisons in constant time, want 1", constant)
	}
}
