package vault

import (
	_ "embed" // the words are a file of their own
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

//go:embed weak.txt
var weakFile string

// weakWords are what well-known passwords are made of, sorted.
var weakWords = readWords(weakFile)

const (
	// fewest is how many different characters a password has at least.
	fewest = 4
	// A password is guessed when it is at most this many different weak parts and at most this many
	// letters and digits beyond them: enough for a year behind a word.
	mostParts = 3
	mostRest  = 4
	// maxWeakBytes bounds what is looked at; nobody's well-known password is longer.
	maxWeakBytes = 256
)

// walks are the rows fingers run along, and back.
var walks = walkBothWays("abcdefghijklmnopqrstuvwxyz", "01234567890123456789",
	"qwertyuiopasdfghjklzxcvbnm", "qazwsxedcrfvtgbyhnujmikolp", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
	"1q2w3e4r5t6y7u8i9o0p", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn")

func readWords(file string) []string {
	var words []string
	for line := range strings.Lines(file) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			words = append(words, line)
		}
	}
	slices.Sort(words)
	return slices.Compact(words)
}

func walkBothWays(rows ...string) []string {
	for _, row := range slices.Clone(rows) {
		back := []byte(row)
		slices.Reverse(back)
		rows = append(rows, string(back))
	}
	return rows
}

// Weak reports whether a password is a well-known one: a listed word, or one made of nothing but
// listed words, runs along the keyboard, years and repetitions, in whatever case and disguise.
// Those are what is tried first, however long they are.
func (p *Passwords) Weak(password string) bool {
	plain := strings.ToLower(password)
	if len(plain) > maxWeakBytes {
		return false
	}
	if different(plain) < fewest {
		return true
	}
	return guessable(plain) || guessable(undisguised(plain))
}

func different(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// undisguised reads the digits and signs that stand for letters as those letters.
func undisguised(s string) string {
	return strings.NewReplacer(
		"0", "o", "1", "l", "3", "e", "4", "a", "5", "s", "7", "t", "8", "b", "@", "a", "$", "s", "!", "i",
	).Replace(s)
}

// guessable reports whether a text falls into weak parts with little left over. Parts are taken
// from the left, the longest first.
func guessable(s string) bool {
	parts, rest := map[string]bool{}, 0
	for s != "" {
		if n := weakPrefix(s); n > 0 {
			parts[s[:n]] = true
			s = s[n:]
			continue
		}
		r, size := utf8.DecodeRuneInString(s)
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			rest++
		}
		s = s[size:]
	}
	return len(parts) > 0 && len(parts) <= mostParts && rest <= mostRest
}

// weakPrefix is how many bytes at the beginning are a listed word, a run along a row or a character
// repeated; 0 when none is.
func weakPrefix(s string) int {
	longest := 0
	for _, w := range weakWords {
		if len(w) > longest && strings.HasPrefix(s, w) {
			longest = len(w)
		}
	}
	return max(longest, walk(s), repeated(s))
}

func walk(s string) int {
	const least = 4
	longest := 0
	for _, row := range walks {
		for from := range len(row) {
			n := 0
			for n < len(s) && from+n < len(row) && s[n] == row[from+n] {
				n++
			}
			longest = max(longest, n)
		}
	}
	if longest < least {
		return 0
	}
	return longest
}

func repeated(s string) int {
	const least = 3
	n := 1
	for n < len(s) && s[n] == s[0] {
		n++
	}
	if n < least {
		return 0
	}
	return n
}
