package graphql

import (
	"context"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"
)

// What is kept of requests that were read before. A page of the dashboard asks the same few texts again and
// again, with other variables; reading and checking one costs as much as many of its fields.
const (
	keptTexts   = 64
	longestText = 8 << 10 // bytes; a longer one is read each time
)

// texts remembers what requests say that passed the rules. When it is full it forgets all: whoever sends ever
// new texts pays for them himself, and the memory is bounded.
type texts struct {
	mu   sync.RWMutex
	docs map[string]*ast.QueryDocument // guarded by mu; a document is never changed
}

// Get implements graphql.Cache.
func (t *texts) Get(_ context.Context, text string) (*ast.QueryDocument, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	doc, known := t.docs[text]
	return doc, known
}

// Add implements graphql.Cache.
func (t *texts) Add(_ context.Context, text string, doc *ast.QueryDocument) {
	if len(text) > longestText {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.docs == nil || len(t.docs) >= keptTexts {
		t.docs = make(map[string]*ast.QueryDocument, keptTexts)
	}
	t.docs[text] = doc
}
