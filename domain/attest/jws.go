package attest

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"slices"
	"strings"
	"time"
)

// algorithm is EdDSA over Ed25519 (RFC 8037).
const algorithm = "EdDSA"

// Signed is a statement as it leaves: a compact JWS, and the payload within as readable JSON.
type Signed struct {
	JWS     string
	Payload []byte
}

// Statement is a verified one. Exactly one of Instruction and Receipt is set.
type Statement struct {
	KeyID       string
	Payload     []byte
	Instruction *Instruction
	Receipt     *Receipt
}

// header is that of every JWS here; nothing else may stand in it.
type header struct{ alg, kid, typ string }

func (h *header) members() []member {
	return []member{
		{name: "alg", value: &h.alg}, {name: "kid", value: &h.kid}, {name: "typ", value: &h.typ},
	}
}

func seal(typ string, payload []byte, by Key, sign func(message []byte) []byte) (Signed, error) {
	h := header{alg: algorithm, kid: by.ID(), typ: typ}
	input := coding.EncodeToString(write(h.members())) + "." + coding.EncodeToString(payload)
	signature := sign([]byte(input))
	// A signer that holds another key than the one named would make statements nobody can verify.
	if !ed25519.Verify(by[:], []byte(input), signature) {
		return Signed{}, ErrSignature
	}
	jws := input + "." + coding.EncodeToString(signature)
	if len(jws) > MaxBytes {
		return Signed{}, ErrTooLarge
	}
	return Signed{JWS: jws, Payload: payload}, nil
}

// Verify reads a compact JWS by the keys a reader trusts, as of a moment. Errors wrap the reason.
func Verify(jws string, trusted []Key, at time.Time) (Statement, error) {
	const parts = 3
	if len(jws) > MaxBytes {
		return Statement{}, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(jws), MaxBytes)
	}
	text := strings.SplitN(jws, ".", parts+1)
	if len(text) != parts {
		return Statement{}, fmt.Errorf("%w: it has not three parts divided by dots", ErrMalformed)
	}
	var raw [parts][]byte
	for i, part := range text {
		var ok bool
		if raw[i], ok = decode64(part); !ok {
			name := []string{"header", "payload", "signature"}[i]
			return Statement{}, fmt.Errorf("%w: its %s is not base64url", ErrMalformed, name)
		}
	}
	h, err := readHeader(raw[0])
	if err != nil {
		return Statement{}, err
	}
	which := slices.IndexFunc(trusted, func(k Key) bool { return k.ID() == h.kid })
	if which < 0 {
		return Statement{}, fmt.Errorf("%w: %q", ErrUnknownKey, h.kid)
	}
	if !ed25519.Verify(trusted[which][:], []byte(text[0]+"."+text[1]), raw[2]) {
		return Statement{}, ErrSignature
	}
	return open(h, raw[1], at)
}

func readHeader(raw []byte) (header, error) {
	var h header
	err := read(raw, h.members())
	switch {
	// Said of whatever was read so far: what else such a header holds does not matter.
	case h.alg != algorithm && (err == nil || h.alg != ""):
		return header{}, fmt.Errorf("%w: it says %q", ErrAlgorithm, h.alg)
	case err != nil:
		return header{}, fmt.Errorf("%w: its header must be alg, kid and typ: %w", ErrMalformed, err)
	case h.typ != TypeInstruction && h.typ != TypeReceipt:
		return header{}, fmt.Errorf("%w: its type is %q", ErrMalformed, h.typ)
	}
	return h, nil
}

// open reads a payload whose signature holds.
func open(h header, payload []byte, at time.Time) (Statement, error) {
	s := Statement{KeyID: h.kid, Payload: bytes.Clone(payload)}
	var members []member
	var check func() error
	if h.typ == TypeInstruction {
		s.Instruction = new(Instruction)
		members, check = s.Instruction.members(), s.Instruction.check
	} else {
		s.Receipt = new(Receipt)
		members, check = s.Receipt.members(), s.Receipt.check
	}
	if err := read(payload, members); err != nil {
		return Statement{}, fmt.Errorf("%w: its payload: %w", ErrMalformed, err)
	}
	if err := check(); err != nil {
		return Statement{}, err
	}
	if s.Instruction != nil {
		if err := s.Instruction.payableAt(at); err != nil {
			return Statement{}, err
		}
	}
	return s, nil
}
