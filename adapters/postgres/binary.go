package postgres

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// What PostgreSQL sends in binary form is read here: its own sources (uuid.c, numeric.c, int.c) say how.

// uuidText is a UUID as PostgreSQL prints it.
func uuidText(raw []byte) (string, error) {
	if len(raw) != 16 {
		return "", fmt.Errorf("a UUID of %d bytes", len(raw))
	}
	var text [36]byte
	hex.Encode(text[:], raw[:4])
	for at, from := 8, 4; from < 10; at, from = at+5, from+2 {
		text[at] = '-'
		hex.Encode(text[at+1:], raw[from:from+2])
	}
	text[23] = '-'
	hex.Encode(text[24:], raw[10:])
	return string(text[:]), nil
}

// binaryInteger is an integer of 2, 4 or 8 bytes.
func binaryInteger(raw []byte) (int64, error) {
	switch len(raw) {
	case 2:
		return int64(int16(binary.BigEndian.Uint16(raw))), nil //nolint:gosec // the sign is PostgreSQL's
	case 4:
		return int64(int32(binary.BigEndian.Uint32(raw))), nil //nolint:gosec // as above
	case 8:
		return int64(binary.BigEndian.Uint64(raw)), nil //nolint:gosec // as above
	}
	return 0, fmt.Errorf("an integer of %d bytes", len(raw))
}

// The binary form of a numeric: how many groups of digits, the power of 10,000 of the first, a sign, how
// many decimal places are shown, and the groups.
const (
	numericHead  = 8
	groupDigits  = 4
	signPlus     = 0x0000
	signMinus    = 0x4000
	numericTyped = 160 // bytes of the longest number we keep, as text: 78 digits and some
)

var errNotNumeric = errors.New("not a number as PostgreSQL sends it")

// numericText is a numeric as PostgreSQL prints it.
func numericText(raw []byte) (string, error) {
	if len(raw) < numericHead {
		return "", errNotNumeric
	}
	word := func(n int) int { return int(binary.BigEndian.Uint16(raw[2*n:])) }
	groups, sign, places := word(0), word(2), word(3)
	weight := int(int16(binary.BigEndian.Uint16(raw[2:]))) //nolint:gosec // the sign is PostgreSQL's
	if len(raw) != numericHead+2*groups || sign != signPlus && sign != signMinus {
		return "", errNotNumeric
	}
	group := func(n int) int {
		if n < 0 || n >= groups {
			return 0
		}
		return word(numericHead/2 + n)
	}
	text := make([]byte, 0, numericTyped)
	if sign == signMinus {
		text = append(text, '-')
	}
	text = strconv.AppendInt(text, int64(group(min(0, weight))), 10)
	for n := 1; n <= weight; n++ {
		text = appendGroup(text, group(n))
	}
	if places == 0 {
		return string(text), nil
	}
	text = append(text, '.')
	end := len(text) + places
	for n := weight + 1; len(text) < end; n++ {
		text = appendGroup(text, group(n))
	}
	return string(text[:end]), nil
}

func appendGroup(text []byte, digits int) []byte {
	for unit := 1000; unit > 0; unit /= 10 {
		text = append(text, byte('0'+digits/unit%10))
	}
	return text
}

// The binary form of an array of intervals: how many dimensions, whether there are NULLs, the type of what is
// in it, and of each dimension its length and where it begins; then each interval behind its length, as
// microseconds, days and months.
const (
	arrayHead      = 12
	arrayDimension = 8
	intervalBytes  = 16
)

var errNotDurations = errors.New("not a list of differences between instants as PostgreSQL sends it")

// binaryDurations is a list of differences between instants, whose days have 24 hours.
func binaryDurations(raw []byte) ([]time.Duration, error) {
	word := func(at int) int { return int(int32(binary.BigEndian.Uint32(raw[at:]))) } //nolint:gosec // as above
	switch {
	case len(raw) == arrayHead && word(0) == 0:
		return nil, nil
	case len(raw) < arrayHead+arrayDimension || word(0) != 1:
		return nil, errNotDurations
	}
	const each = 4 + intervalBytes
	n := word(arrayHead)
	raw = raw[arrayHead+arrayDimension:]
	if len(raw) != n*each {
		return nil, errNotDurations
	}
	out := make([]time.Duration, n)
	for i := range out {
		at := i * each
		micros := int64(binary.BigEndian.Uint64(raw[at+4:])) //nolint:gosec // as above
		if word(at) != intervalBytes || word(at+16) != 0 {
			return nil, errNotDurations
		}
		out[i] = time.Duration(micros)*time.Microsecond + time.Duration(word(at+12))*24*time.Hour
	}
	return out, nil
}
