package facilitator

import (
	"bytes"
	_ "embed"
)

//go:embed openapi.yaml
var openAPI []byte

// OpenAPI is the OpenAPI 3.1 document of this dialect, in YAML. Its server is the address a gateway has by
// default; whoever serves the document puts its own there.
func OpenAPI() []byte { return bytes.Clone(openAPI) }
