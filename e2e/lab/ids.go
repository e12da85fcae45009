package lab

import (
	"encoding/hex"
	"math/rand/v2"

	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// ids are drawn from a seed.
type ids struct{ r *rand.Rand }

// UUID implements ports.IDs.
func (i ids) UUID() string {
	b := i.Bytes(16)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	s := hex.EncodeToString(b)
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// Bytes implements ports.IDs.
func (i ids) Bytes(n int) []byte {
	b := make([]byte, n)
	for at := range b {
		b[at] = byte(i.r.Uint32()) //nolint:gosec // its lowest bits
	}
	return b
}

// Intn implements ports.IDs.
func (i ids) Intn(n int) int { return i.r.IntN(n) }

// plain encodes events in no dialect.
type plain struct{}

// Encode implements ports.EventEncoder.
func (plain) Encode(e webhook.Event, _ checkout.Snapshot, _ *ports.TransferRow) ([]byte, error) {
	return []byte(`{"type":"` + string(e.Type) + `"}`), nil
}

// EncodeAddress implements ports.AddressEncoder.
func (plain) EncodeAddress(e webhook.Event, _ ports.AddressChange) ([]byte, error) {
	return plain{}.Encode(e, checkout.Snapshot{}, nil)
}
