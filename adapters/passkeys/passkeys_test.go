package passkeys

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"testing"

	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/ports"
)

// Flags of authenticator data (WebAuthn, section 6.1).
const (
	present  = 0x01
	verified = 0x04
	attested = 0x40
)

// device is an authenticator in software: one passkey for one site.
type device struct {
	t       *testing.T
	key     *ecdsa.PrivateKey
	id      []byte
	user    string
	origin  string
	site    string
	flags   byte
	counter uint32
}

func newDevice(t *testing.T, user string) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := sha256.Sum256(key.D.Bytes())
	return &device{
		t: t, key: key, id: id[:], user: user, origin: "https://pay.example:8443", site: "pay.example",
		flags: present | verified,
	}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// client is what the browser says it does.
func (d *device) client(kind string, options []byte) []byte {
	d.t.Helper()
	var asked struct{ Challenge string }
	if err := json.Unmarshal(options, &asked); err != nil || asked.Challenge == "" {
		d.t.Fatalf("%v in %s", err, options)
	}
	text, _ := json.Marshal(map[string]any{
		"type": kind, "challenge": asked.Challenge, "origin": d.origin, "crossOrigin": false,
	})
	return text
}

// said is the authenticator data, with the public key if it is new.
func (d *device) said(flags byte, more []byte) []byte {
	site := sha256.Sum256([]byte(d.site))
	d.counter++
	out := append(site[:], flags)
	return append(binary.BigEndian.AppendUint32(out, d.counter), more...)
}

// register answers an offer: attestation "none", an ES256 key, in CBOR by hand.
func (d *device) register(options []byte) []byte {
	d.t.Helper()
	public, err := d.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		d.t.Fatal(err)
	}
	key := append([]byte{0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32}, public[1:33]...)
	key = append(append(key, 0x22, 0x58, 32), public[33:]...)
	more := append(make([]byte, 16), 0, byte(len(d.id)))
	data := d.said(d.flags|attested, append(append(more, d.id...), key...))
	object := append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"), byte(len(data)))
	return d.answer(map[string]any{
		"clientDataJSON": b64(d.client("webauthn.create", options)), "attestationObject": b64(append(object, data...)),
	})
}

// sign answers a question.
func (d *device) sign(options []byte) []byte {
	d.t.Helper()
	client, data := d.client("webauthn.get", options), d.said(d.flags, nil)
	hash := sha256.Sum256(client)
	signed := sha256.Sum256(append(append([]byte{}, data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, signed[:])
	if err != nil {
		d.t.Fatal(err)
	}
	return d.answer(map[string]any{
		"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature),
		"userHandle": b64([]byte(d.user)),
	})
}

func (d *device) answer(response map[string]any) []byte {
	text, _ := json.Marshal(map[string]any{
		"id": b64(d.id), "rawId": b64(d.id), "type": "public-key", "response": response,
		"clientExtensionResults": map[string]any{},
	})
	return text
}

func openGate(t *testing.T) *Gate {
	t.Helper()
	g, err := New("https://pay.example:8443")
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// enrol registers a device's passkey and answers its owner with it.
func enrol(t *testing.T, g *Gate, d *device) ports.PasskeyUser {
	t.Helper()
	u := ports.PasskeyUser{ID: member.ID(d.user), Name: "ann@shop.example"}
	options, state, err := g.Offer(u)
	if err != nil {
		t.Fatal(err)
	}
	p, err := g.Register(u, state, d.register(options))
	if err != nil || string(p.ID) != string(d.id) {
		t.Fatalf("registered %x, %v", p.ID, err)
	}
	u.Keys = []member.Passkey{p}
	return u
}

// check asks, lets the device answer, and checks.
func check(t *testing.T, g *Gate, d *device, u ports.PasskeyUser) (ports.PasskeyUser, member.Passkey, error) {
	t.Helper()
	options, state, err := g.Ask()
	if err != nil {
		t.Fatal(err)
	}
	return g.Check(state, d.sign(options), func(id []byte) (ports.PasskeyUser, error) {
		if string(id) != string(u.Keys[0].ID) {
			return ports.PasskeyUser{}, ports.ErrNotFound
		}
		return u, nil
	})
}

func TestAPasskeyIsRegisteredAndUsed(t *testing.T) {
	g, d := openGate(t), newDevice(t, "member 1")
	u := enrol(t, g, d)
	for range 2 {
		owner, used, err := check(t, g, d, u)
		if err != nil || owner.ID != u.ID || string(used.ID) != string(d.id) {
			t.Fatalf("%v, %v", owner.ID, err)
		}
		u.Keys[0].Credential = used.Credential
	}
	options, _, err := g.Offer(u)
	var asked struct {
		Exclude  []struct{ ID string } `json:"excludeCredentials"`
		Selects  map[string]any        `json:"authenticatorSelection"`
		RP, User struct{ ID, Name string }
	}
	if err := errors.Join(err, json.Unmarshal(options, &asked)); err != nil {
		t.Fatal(err)
	}
	if len(asked.Exclude) != 1 || asked.Exclude[0].ID != b64(d.id) || asked.Selects["userVerification"] != "required" ||
		asked.Selects["residentKey"] != "required" || asked.RP.ID != "pay.example" || asked.User.ID != b64([]byte(u.ID)) {
		t.Errorf("offered %s", options)
	}
}

// Whatever is not exactly right is refused, and the client is not told why.
func TestWhatIsNoAnswer(t *testing.T) {
	g := openGate(t)
	for name, spoil := range map[string]func(d *device){
		"of another origin":          func(d *device) { d.origin = "https://pay.example.evil.test" },
		"over plain http":            func(d *device) { d.origin = "http://pay.example:8443" },
		"of another site":            func(d *device) { d.site = "evil.test" },
		"without verifying its user": func(d *device) { d.flags = present },
		"without a user at all":      func(d *device) { d.flags = verified },
		"of another member":          func(d *device) { d.user = "member 2" },
		"by another key":             func(d *device) { d.key = newDevice(t, "x").key },
		"of an unknown passkey":      func(d *device) { d.id = []byte("unknown") },
		"of a copy, which is behind": func(d *device) { d.counter -= 2 },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDevice(t, "member 1")
			u := enrol(t, g, d)
			_, used, err := check(t, g, d, u)
			if err != nil {
				t.Fatal(err)
			}
			u.Keys[0].Credential = used.Credential
			spoil(d)
			if _, _, err := check(t, g, d, u); !errors.Is(err, member.ErrPasskey) {
				t.Errorf("checked: %v", err)
			}
		})
	}
	for name, spoil := range map[string]func(d *device){
		"of another origin":          func(d *device) { d.origin = "https://evil.test" },
		"of another site":            func(d *device) { d.site = "evil.test" },
		"without verifying its user": func(d *device) { d.flags = present },
	} {
		t.Run("registered "+name, func(t *testing.T) {
			d := newDevice(t, "member 1")
			spoil(d)
			u := ports.PasskeyUser{ID: "member 1", Name: "ann"}
			options, state, err := g.Offer(u)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := g.Register(u, state, d.register(options)); !errors.Is(err, member.ErrPasskey) {
				t.Errorf("registered: %v", err)
			}
		})
	}
}

// An answer to one question is no answer to the next one, nor is rubbish.
func TestAnAnswerIsToItsQuestion(t *testing.T) {
	g, d := openGate(t), newDevice(t, "member 1")
	u := enrol(t, g, d)
	first, _, err := g.Ask()
	if err != nil {
		t.Fatal(err)
	}
	_, state, err := g.Ask()
	if err != nil {
		t.Fatal(err)
	}
	find := func([]byte) (ports.PasskeyUser, error) { return u, nil }
	for name, answer := range map[string][]byte{
		"another question's": d.sign(first), "nothing": nil, "an object": []byte("{}"), "rubbish": []byte("rubbish"),
		"too much": make([]byte, answerMax+1),
	} {
		if _, _, err := g.Check(state, answer, find); !errors.Is(err, member.ErrPasskey) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := g.Register(u, state, answer); !errors.Is(err, member.ErrPasskey) {
			t.Errorf("%s registered: %v", name, err)
		}
	}
}

// Browsers allow no passkeys under an address or over plain http, but for localhost.
func TestWherePasskeysWork(t *testing.T) {
	for public, works := range map[string]bool{
		"https://pay.example": true, "http://localhost:8080": true, "https://pay.example/below": true,
		"http://127.0.0.1:8080": false, "https://192.0.2.1": false, "https://[2001:db8::1]": false, "http://pay.example": false,
	} {
		g, err := New(public)
		if err != nil {
			t.Errorf("%s: %v", public, err)
			continue
		}
		if _, _, err := g.Ask(); works != (err == nil) || !works && !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", public, err)
		}
	}
}
