package ethrpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
)

// logsOf is an answer to eth_getLogs: a block full of transfers, one in a hundred of them to us.
func logsOf(transfers int, us Address) (text []byte, last Header) {
	word := us.word()
	var list [][]byte
	for i := range transfers {
		to := fmt.Sprintf("0x%064x", i+1)
		if i%100 == 0 {
			to = fixed(word[:])
		}
		list = append(list, logText(map[string]any{"topics": []string{
			"0x" + TransferTopic.Hex(), fmt.Sprintf("0x%064x", 1<<40+i), to,
		}}))
	}
	last = Header{Number: 0x1b4}
	for i := range last.ID {
		last.ID[i] = 0xaa
	}
	return append(append([]byte("["), bytes.Join(list, []byte(","))...), ']'), last
}

// BenchmarkFullBlock reads a full block's transfers as a scan does, and as encoding/json would be
// the least that could be done with it. The ratio is what counts; the machine is not.
func BenchmarkFullBlock(b *testing.B) {
	us := Address{0xa6, 0x14}
	token := Address{
		0xa6, 0x14, 0xf8, 0x03, 0xb6, 0xfd, 0x78, 0x09, 0x86, 0xa4,
		0x2c, 0x78, 0xec, 0x9c, 0x7f, 0x77, 0xe6, 0xde, 0xd1, 0x3c,
	}
	answer, last := logsOf(1000, us)
	f := NewFilter([]Address{token}, []Address{us}, nil)
	b.Run("scan", func(b *testing.B) {
		b.SetBytes(int64(len(answer)))
		b.ReportAllocs()
		for b.Loop() {
			found, err := f.Read(answer, last.Number, last.Number)
			if err != nil || len(found) != 10 {
				b.Fatal(len(found), err)
			}
		}
	})
	b.Run("encoding json", func(b *testing.B) {
		b.SetBytes(int64(len(answer)))
		b.ReportAllocs()
		for b.Loop() {
			var found []struct {
				Address, Data, BlockNumber, BlockHash, TransactionHash, LogIndex string
				Topics                                                           []string
				Removed                                                          bool
			}
			if err := json.Unmarshal(answer, &found); err != nil || len(found) != 1000 {
				b.Fatal(len(found), err)
			}
		}
	})
}
