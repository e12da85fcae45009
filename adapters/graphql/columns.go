package graphql

import (
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
)

// The columns of scalars print what the executor prints of the same values, to the byte.

// leaf is a column of a field below which nothing can be asked.
func leaf[T any](value appending[T]) column[T] {
	return func(*graphql.OperationContext, ast.SelectionSet) (appending[T], bool) { return value, true }
}

// text is a column of a String, ID or Decimal.
func text[T any, S ~string](of func(*T) S) column[T] {
	return leaf(func(to []byte, t *T) []byte { return appendText(to, string(of(t))) })
}

// figure is text that is printed in place: digits, none of which has to be escaped.
func figure[T any](value appending[T]) column[T] {
	return leaf(func(to []byte, t *T) []byte { return append(value(append(to, '"'), t), '"') })
}

// maybe is text that is null where there is none.
func maybe[T any, S ~string](of func(*T) S) column[T] {
	return leaf(func(to []byte, t *T) []byte {
		if s := of(t); s != "" {
			return appendText(to, string(s))
		}
		return append(to, "null"...)
	})
}

// word is a column of an enum whose words are in small letters here.
func word[T any, S ~string](of func(*T) S) column[T] {
	return leaf(func(to []byte, t *T) []byte {
		to = append(to, '"')
		for _, c := range []byte(of(t)) {
			if 'a' <= c && c <= 'z' {
				c -= 'a' - 'A'
			}
			to = append(to, c)
		}
		return append(to, '"')
	})
}

// whole is a column of an Int.
func whole[T any](of func(*T) int) column[T] {
	return leaf(func(to []byte, t *T) []byte { return strconv.AppendInt(to, int64(of(t)), 10) })
}

// perhaps is a column of an Int that is null where there is none.
func perhaps[T any](of func(*T) *int) column[T] {
	return leaf(func(to []byte, t *T) []byte {
		if n := of(t); n != nil {
			return strconv.AppendInt(to, int64(*n), 10)
		}
		return append(to, "null"...)
	})
}

// number is a column of a whole number as text.
func number[T any, N uint64 | uint32 | int64](of func(*T) N) column[T] {
	return leaf(func(to []byte, t *T) []byte {
		return append(strconv.AppendInt(append(to, '"'), int64(of(t)), 10), '"')
	})
}

// truth is a column of a Boolean.
func truth[T any](of func(*T) bool) column[T] {
	return leaf(func(to []byte, t *T) []byte { return strconv.AppendBool(to, of(t)) })
}

// instant is a column of a Time.
func instant[T any](of func(*T) time.Time) column[T] {
	return leaf(func(to []byte, t *T) []byte {
		return append(of(t).UTC().AppendFormat(append(to, '"'), time.RFC3339Nano), '"')
	})
}

// day is a column of a Date.
func day[T any](of func(*T) time.Time) column[T] {
	return leaf(func(to []byte, t *T) []byte {
		return append(of(t).UTC().AppendFormat(append(to, '"'), dayShape), '"')
	})
}

// within is a column of an object, null where there is none.
func within[T, U any](o object[U], of func(*T) *U) column[T] {
	return func(op *graphql.OperationContext, asked ast.SelectionSet) (appending[T], bool) {
		show, ok := o.plan(op, asked)
		return func(to []byte, t *T) []byte {
			if u := of(t); u != nil {
				return show(to, u)
			}
			return append(to, "null"...)
		}, ok
	}
}

// many is a column of a list of objects.
func many[T, U any](o object[U], of func(*T) []U) column[T] {
	return listing(o, of, func(u *U) *U { return u })
}

// shown is many of objects that were shown one by one.
func shown[T, U any](o object[U], of func(*T) []*U) column[T] {
	return listing(o, of, func(u **U) *U { return *u })
}

func listing[T, E, U any](o object[U], of func(*T) []E, at func(*E) *U) column[T] {
	return func(op *graphql.OperationContext, asked ast.SelectionSet) (appending[T], bool) {
		show, ok := o.plan(op, asked)
		return func(to []byte, t *T) []byte {
			to = append(to, '[')
			items := of(t)
			for i := range items {
				if i > 0 {
					to = append(to, ',')
				}
				to = show(to, at(&items[i]))
			}
			return append(to, ']')
		}, ok
	}
}

const hexDigits = "0123456789ABCDEF"

// appendText prints a text as the executor quotes it: what is not ASCII as it is.
func appendText(to []byte, s string) []byte {
	to = append(to, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		to = append(to, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			to = append(to, '\\', c)
		case '\t':
			to = append(to, '\\', 't')
		case '\r':
			to = append(to, '\\', 'r')
		case '\n':
			to = append(to, '\\', 'n')
		default:
			to = append(to, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
		}
	}
	return append(append(to, s[start:]...), '"')
}
