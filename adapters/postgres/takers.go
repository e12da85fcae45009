package postgres

import (
	"bytes"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"reflect"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// wireFormats asks for those types in binary that are read faster so; everything else comes as text.
var wireFormats = pgx.QueryResultFormatsByOID{
	pgtype.BoolOID: pgx.BinaryFormatCode, pgtype.ByteaOID: pgx.BinaryFormatCode,
	pgtype.DateOID: pgx.BinaryFormatCode, pgtype.TimestamptzOID: pgx.BinaryFormatCode,
	pgtype.Int2OID: pgx.BinaryFormatCode, pgtype.Int4OID: pgx.BinaryFormatCode,
	pgtype.Int8OID: pgx.BinaryFormatCode, pgtype.UUIDOID: pgx.BinaryFormatCode,
	pgtype.NumericOID: pgx.BinaryFormatCode,
}

var (
	timeType    = reflect.TypeFor[time.Time]()
	bytesType   = reflect.TypeFor[[]byte]()
	scannerType = reflect.TypeFor[sql.Scanner]()
)

// takerOf chooses how a column is read into a field; what is rare is left to Bun.
func takerOf(wire pgconn.FieldDescription, field reflect.Type) taker {
	kind := field.Kind()
	if reflect.PointerTo(field).Implements(scannerType) {
		return takeAny
	}
	isBinary := wire.Format == pgx.BinaryFormatCode
	switch wire.DataTypeOID {
	case pgtype.UUIDOID, pgtype.NumericOID:
		switch {
		case kind == reflect.String && !isBinary:
			return takeText
		case kind == reflect.String && wire.DataTypeOID == pgtype.UUIDOID:
			return takeUUID
		case kind == reflect.String:
			return takeNumeric
		}
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.JSONOID, pgtype.JSONBOID:
		switch {
		case kind == reflect.String:
			return takeText
		case field == bytesType:
			return takeBytes
		}
	}
	if isBinary {
		return binaryTakerOf(wire.DataTypeOID, field)
	}
	return takeAny
}

func binaryTakerOf(oid uint32, field reflect.Type) taker {
	kind := field.Kind()
	switch oid {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
		switch {
		case kind >= reflect.Int && kind <= reflect.Int64:
			return takeInt
		case kind >= reflect.Uint && kind <= reflect.Uint64:
			return takeUint
		}
	case pgtype.BoolOID:
		if kind == reflect.Bool {
			return takeBool
		}
	case pgtype.TimestamptzOID:
		if field == timeType {
			return takeTime
		}
	case pgtype.ByteaOID:
		if field == bytesType {
			return takeBytes
		}
	}
	return takeAny
}

func takeText(c *column, raw []byte) error {
	if string(raw) != c.text {
		c.text = string(raw)
	}
	c.to.SetString(c.text)
	return nil
}

func takeUUID(c *column, raw []byte) error { return c.spell(raw, uuidText) }

func takeNumeric(c *column, raw []byte) error {
	return c.spell(raw, numericText)
}

// spell sets a text that is made of a value, once for neighbours that are equal.
func (c *column) spell(raw []byte, text func([]byte) (string, error)) error {
	if c.last == nil || !bytes.Equal(raw, c.last) {
		made, err := text(raw)
		if err != nil {
			return err
		}
		c.last, c.text = append(c.last[:0], raw...), made
	}
	c.to.SetString(c.text)
	return nil
}

// mostRoom bounds the piece of memory that bytes of several rows share.
const mostRoom = 4 << 10

func takeBytes(c *column, raw []byte) error {
	if cap(c.room)-len(c.room) < len(raw) || c.room == nil {
		c.room = make([]byte, 0, max(len(raw), min(4*cap(c.room), mostRoom)))
	}
	begin := len(c.room)
	c.room = append(c.room, raw...)
	c.to.SetBytes(c.room[begin:len(c.room):len(c.room)]) // nobody grows into what is another row's
	return nil
}

func takeBool(c *column, raw []byte) error {
	if len(raw) != 1 {
		return fmt.Errorf("a boolean of %d bytes", len(raw))
	}
	c.to.SetBool(raw[0] != 0)
	return nil
}

func takeInt(c *column, raw []byte) error {
	n, err := binaryInteger(raw)
	if err == nil && c.to.OverflowInt(n) {
		err = fmt.Errorf("%d does not fit %s", n, c.to.Type())
	}
	c.to.SetInt(n)
	return err
}

func takeUint(c *column, raw []byte) error {
	n, err := binaryInteger(raw)
	if err == nil && (n < 0 || c.to.OverflowUint(uint64(n))) {
		err = fmt.Errorf("%d does not fit %s", n, c.to.Type())
	}
	c.to.SetUint(uint64(n)) //nolint:gosec // what is negative is an error
	return err
}

// unixOfPostgres is when PostgreSQL's clock began, in microseconds of Unix time: 2000-01-01.
const unixOfPostgres = 946_684_800_000_000

func takeTime(c *column, raw []byte) error {
	if len(raw) != 8 {
		return fmt.Errorf("an instant of %d bytes", len(raw))
	}
	micros := int64(binary.BigEndian.Uint64(raw)) //nolint:gosec // the sign is PostgreSQL's
	at, ok := c.to.Addr().Interface().(*time.Time)
	if !ok || micros == infinity || micros == -infinity-1 {
		return takeAny(c, raw)
	}
	*at = time.UnixMicro(micros + unixOfPostgres).UTC()
	return nil
}

const infinity = 1<<63 - 1

// takeAny reads what database/sql would hand to Bun, and lets Bun make the field of it.
func takeAny(c *column, raw []byte) error {
	value, err := driverValue(c.wire, raw)
	if err != nil {
		return err
	}
	return c.field.ScanWithCheck(c.to, value)
}

// plainTypes reads what driverValue answers.
var plainTypes = pgtype.NewMap()

func driverValue(wire pgconn.FieldDescription, raw []byte) (driver.Value, error) {
	switch wire.DataTypeOID {
	case pgtype.BoolOID:
		return plainly[bool](wire, raw)
	case pgtype.ByteaOID, pgtype.JSONOID, pgtype.JSONBOID:
		return plainly[[]byte](wire, raw)
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID:
		return plainly[int64](wire, raw)
	case pgtype.Float4OID, pgtype.Float8OID:
		return plainly[float64](wire, raw)
	case pgtype.DateOID, pgtype.TimestamptzOID:
		return plainly[time.Time](wire, raw)
	}
	if wire.Format == pgx.BinaryFormatCode && wire.DataTypeOID == pgtype.UUIDOID {
		return uuidText(raw)
	}
	if wire.Format == pgx.BinaryFormatCode && wire.DataTypeOID == pgtype.NumericOID {
		return numericText(raw)
	}
	return string(raw), nil
}

func plainly[V any](wire pgconn.FieldDescription, raw []byte) (driver.Value, error) {
	var v V
	err := plainTypes.Scan(wire.DataTypeOID, wire.Format, raw, &v)
	return v, err
}
