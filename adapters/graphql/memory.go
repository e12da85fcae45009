package graphql

import (
	"slices"
	"sync"
)

// mostKept is how many bytes of an answer's memory are kept for the next one.
const mostKept = 128 << 10

// papers is memory of answers that were sent: pages are long, alike, and gone at once.
var papers = sync.Pool{New: func() any { return new([]byte) }}

// paper is memory to print into. Whoever takes some releases it when nothing reads it any more, or leaves it to
// the collector.
type paper struct{ kept *[]byte }

// takePaper answers memory, and the beginning of it to append to, with room for so many bytes.
func takePaper(room int) (paper, []byte) {
	kept, _ := papers.Get().(*[]byte)
	return paper{kept}, slices.Grow((*kept)[:0], room)
}

// release keeps the memory that was printed into, which may have grown.
func (p paper) release(grown []byte) {
	if cap(grown) <= mostKept {
		*p.kept = grown
		papers.Put(p.kept)
	}
}
