package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/101pay/101pay/domain/attest"
)

// Bounds of the files a statement is verified from.
const (
	maxStatementFile = 3 * attest.MaxBytes // the JSON answer holds the payload twice
	maxKeysFile      = 64 << 10
	maxKeys          = 64
)

// verifyCommand needs neither a gateway nor a network: what it trusts is the keys file.
type verifyCommand struct {
	File string    `arg:"" help:"the statement: a .jws file, or the JSON answer it came in; - reads standard input"`
	Keys string    `required:"" help:"file with the gateway's keys, as /.well-known/101pay-keys.json answered them"`
	At   time.Time `help:"judge an instruction as of this moment, as in 2026-05-17T12:00:00Z (default: now)"`
}

// Run implements the command.
func (v verifyCommand) Run(p process) error {
	trusted, err := readKeys(v.Keys)
	if err != nil {
		return fmt.Errorf("%s: %w", v.Keys, err)
	}
	text, err := readBounded(p, v.File, maxStatementFile)
	if err != nil {
		return fmt.Errorf("%s: %w", v.File, err)
	}
	at := v.At
	if at.IsZero() {
		at = time.Now()
	}
	s, err := verify(text, trusted, at)
	if err != nil {
		return fmt.Errorf("NOT GENUINE OR NOT VALID: %w", err)
	}
	_, err = p.stdout.Write(inWords(s))
	return err
}

func readBounded(p process, name string, most int64) ([]byte, error) {
	source := p.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		source = f
	}
	text, err := io.ReadAll(io.LimitReader(source, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%w: more than %d bytes", attest.ErrTooLarge, most)
	}
	return text, err
}

// verify checks a file: a compact JWS with at most a line break behind it, or the answer of the API,
// whose readable payload must then be the signed one.
func verify(text []byte, trusted []attest.Key, at time.Time) (attest.Statement, error) {
	if !bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")) {
		return attest.Verify(string(bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r"))), trusted, at)
	}
	jws, payload, err := unwrap(text)
	if err != nil {
		return attest.Statement{}, fmt.Errorf("%w: %w", attest.ErrMalformed, err)
	}
	s, err := attest.Verify(jws, trusted, at)
	if err != nil {
		return attest.Statement{}, err
	}
	if !bytes.Equal(payload, s.Payload) {
		return attest.Statement{}, fmt.Errorf("%w: the payload beside the signature is not the signed one",
			attest.ErrSignature)
	}
	return s, nil
}

// unwrap takes an answer of the API apart: "jws" and "payload", each once, and nothing else.
func unwrap(text []byte) (jws string, payload []byte, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return "", nil, err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return "", nil, err
		}
		switch {
		case name == "jws" && jws == "":
			err = d.Decode(&jws)
		case name == "payload" && payload == nil:
			var raw json.RawMessage
			if err = d.Decode(&raw); err == nil {
				var compact bytes.Buffer
				err = json.Compact(&compact, raw)
				payload = compact.Bytes()
			}
		default:
			err = fmt.Errorf("%q is unknown or stands twice", name)
		}
		if err != nil {
			return "", nil, err
		}
	}
	if _, err := d.Token(); err != nil {
		return "", nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return "", nil, errors.New("something follows its end")
	}
	return jws, payload, nil
}

// readKeys reads a JWK set. Keys of other kinds are let be, as RFC 7517 says; one of ours whose name
// is not its thumbprint is not.
func readKeys(name string) ([]attest.Key, error) {
	text, err := readBounded(process{stdin: bytes.NewReader(nil)}, name, maxKeysFile)
	if err != nil {
		return nil, err
	}
	var set struct {
		Keys []struct {
			Type  string `json:"kty"`
			Curve string `json:"crv"`
			X     string `json:"x"`
			ID    string `json:"kid"`
		} `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("not a set of keys (JWK): %w", err)
	}
	var keys []attest.Key
	for _, k := range set.Keys {
		if k.Type != "OKP" || k.Curve != "Ed25519" {
			continue
		}
		key, err := attest.ParseKey(k.X)
		if err != nil {
			return nil, err
		}
		if key.ID() != k.ID {
			return nil, fmt.Errorf("key %q is not the one its name says (%s)", k.ID, key.ID())
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 || len(keys) > maxKeys {
		return nil, fmt.Errorf("it holds %d Ed25519 keys, want 1 to %d", len(keys), maxKeys)
	}
	return keys, nil
}
