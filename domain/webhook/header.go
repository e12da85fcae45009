package webhook

// Header is one field of the head of an HTTP message, made printable.
type Header struct {
	Name, Value string
}

// Bounds of what is kept of the head of a message.
const (
	MaxHeaders     = 16  // fields
	MaxHeaderBytes = 200 // of a value
)
