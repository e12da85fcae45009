package edge

import (
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/101pay/101pay/domain/fault"
)

// Text checks free text a client wants stored and shown: at most maxRunes characters, none of
// which controls, hides or reorders the others. Markup, formulas and line separators are text and
// pass: whoever prints them quotes them. With multiline, tab, "\n" and "\r\n" pass as well.
//
// Joiners are refused like every other invisible character (row D03): two names that look the same
// must be the same, which costs emoji sequences and Persian compounds their joiner.
func Text(param, s string, maxRunes int, multiline bool) error {
	if utf8.RuneCountInString(s) > maxRunes {
		return fault.New(fault.Invalid, param+"_too_long",
			"this text may have at most "+strconv.Itoa(maxRunes)+" characters").About(param)
	}
	for i, r := range s {
		if r == utf8.RuneError && !utf8.ValidString(s[i:]) {
			return ErrInvalidString.About(param)
		}
		if isVisible(r) || multiline && breaksLine(s[i:]) {
			continue
		}
		return ErrInvalidString.About(param)
	}
	return nil
}

// isVisible refuses controls, noncharacters and all that is drawn as nothing. The variation
// selectors that choose an emoji's colour are no members of these tables, and the Arabic signs
// that enclose digits are, though they can be seen.
func isVisible(r rune) bool {
	switch {
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return true
	case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
		return false
	case unicode.In(r, unicode.Other_Default_Ignorable_Code_Point,
		unicode.Noncharacter_Code_Point):
		return false
	}
	return true
}

// breaksLine reports whether s starts with layout that multi-line text may have. A lone carriage
// return is not: terminals would overwrite the line before it.
func breaksLine(s string) bool {
	switch s[0] {
	case '\n', '\t':
		return true
	case '\r':
		return len(s) > 1 && s[1] == '\n'
	}
	return false
}
