//go:build race

package rates_test

// The race detector makes everything ten times slower, and what it looks for does not hide in numbers.
const s5Share = 20
