package graphql

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
)

// document answers a request with one document.
type document struct{}

// Supports implements graphql.Transport. What the request says of its body was looked at before.
func (document) Supports(r *http.Request) bool { return r.Method == http.MethodPost }

// Do implements graphql.Transport. The body was read before.
func (document) Do(w http.ResponseWriter, r *http.Request, exec graphql.GraphExecutor) {
	ctx := r.Context()
	op, errs := exec.CreateOperationContext(ctx, readerOf(ctx).params)
	if errs != nil {
		status := http.StatusOK
		if errcode.GetErrorKind(errs) == errcode.KindProtocol {
			status = http.StatusUnprocessableEntity
		}
		answer(w, status, exec.DispatchError(graphql.WithOperationContext(ctx, op), errs))
		return
	}
	responses, ctx := exec.DispatchOperation(ctx, op)
	with := responses(ctx)
	if op.Operation.Operation == ast.Query && len(with.Errors) == 0 {
		readerOf(ctx).read()
	}
	answer(w, http.StatusOK, with)
}

// answer writes a response and how long it is, so that it need not be cut into chunks.
func answer(w http.ResponseWriter, status int, with *graphql.Response) {
	if isLean(with) {
		memory, to := takePaper(len(leanHead) + len(with.Data) + 1)
		to = append(append(append(to, leanHead...), with.Data...), '}')
		send(w, status, to)
		memory.release(to)
		return
	}
	body, err := json.Marshal(with)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte("{}")
	}
	send(w, status, body)
}

func send(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", jsonType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// leanHead is what comes before the data of a response of nothing else.
const leanHead = `{"data":`

// isLean reports whether a response is of data alone, in which json.Marshal, which reads every byte of it, would
// change none: it is compact as it is, and only what could end a script is escaped.
func isLean(r *graphql.Response) bool {
	if r == nil || len(r.Data) == 0 || len(r.Errors)+len(r.Label)+len(r.Path)+len(r.Extensions) > 0 || r.HasNext != nil {
		return false
	}
	for _, c := range []byte("<>&") {
		if bytes.IndexByte(r.Data, c) >= 0 {
			return false
		}
	}
	return !bytes.Contains(r.Data, []byte("\u2028")) && !bytes.Contains(r.Data, []byte("\u2029"))
}
