package hosted

import (
	"fmt"
	"html/template"
	"strings"

	"rsc.io/qr"
)

// quiet is the light border a reader needs around a QR code, in modules.
const quiet = 4

// square draws text as a QR code. It holds the bare address: token payment links are read
// differently by different wallets, and a wallet that drops the token has lost people money.
func square(text, label string) (template.HTML, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", fmt.Errorf("draw qr code: %w", err)
	}
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for code.Black(x, y) {
				x++
			}
			if n := x - from; n > 0 {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, n, n)
			}
		}
	}
	side := code.Size + 2*quiet
	//nolint:gosec // numbers of our own and an escaped label
	return template.HTML(fmt.Sprintf(
		`<svg class="qr" role="img" aria-label="%s" viewBox="0 0 %d %d" shape-rendering="crispEdges">`+
			`<path class="qr-paper" d="M0 0h%dv%dh-%dz"/><path class="qr-ink" d="%s"/></svg>`,
		template.HTMLEscapeString(label), side, side, side, side, side, path.String())), nil
}
