//go:build !race

package rates_test

const s5Share = 1
