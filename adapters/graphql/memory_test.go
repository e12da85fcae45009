package graphql

import (
	"bytes"
	"net/http/httptest"
	"testing"

	"github.com/99designs/gqlgen/graphql"
)

// busy writes like a process in which another answer is being printed at the same time.
type busy struct {
	*httptest.ResponseRecorder
}

func (b busy) Write(p []byte) (int, error) {
	_, to := takePaper(len(p))
	_ = append(to, bytes.Repeat([]byte{'x'}, len(p))...)
	return b.ResponseRecorder.Write(p)
}

// What is being sent is nobody else's yet.
func TestAnswersDoNotShareTheirMemory(t *testing.T) {
	const data = `{"a":1}`
	w := busy{httptest.NewRecorder()}
	memory, to := takePaper(len(data))
	printed{memory, append(to, data...)}.MarshalGQL(w)
	if got := w.Body.String(); got != data {
		t.Errorf("printed %s, want %s", got, data)
	}
	w = busy{httptest.NewRecorder()}
	answer(w, 200, &graphql.Response{Data: []byte(data)})
	if got, want := w.Body.String(), `{"data":`+data+`}`; got != want {
		t.Errorf("answered %s, want %s", got, want)
	}
}
