package edge_test

import (
	"maps"
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/domain/fault"
)

// Programs ask prices all day; that a payment was refused is worth a line.
func TestPricesDoNotFillTheLog(t *testing.T) {
	refused := fault.New(fault.Rejected, "payment_refused", "pay more")
	var counted []string
	h := open(t, edge.Options{OnFault: func(code string, _ fault.Kind) { counted = append(counted, code) }},
		func(engine *gin.Engine) {
			price := func(c *gin.Context) { c.String(http.StatusPaymentRequired, "pay") }
			engine.GET("/price", price)
			engine.POST("/price", price)
			engine.GET("/refused", func(c *gin.Context) {
				edge.Note(c, refused)
				price(c)
			})
		})
	h.get(t, "/price")
	do(t, h.request(t, http.MethodPost, "/price", ""))
	h.get(t, "/refused")
	h.Close()
	lines := h.log.lines(t, "request served")
	if len(lines) != 3 {
		t.Fatalf("log: %s", h.log)
	}
	for i, want := range []string{"DEBUG", "INFO", "INFO"} {
		if lines[i]["level"] != want {
			t.Errorf("%v is logged as %v, want %s", lines[i]["route"], lines[i]["level"], want)
		}
	}
	if lines[2]["code"] != refused.Code || len(counted) != 1 || counted[0] != refused.Code {
		t.Errorf("the refusal is logged as %v and counted %v", lines[2], counted)
	}
}

// What only reads is no line of an ordinary log, by whatever method it asks; what goes wrong is.
func TestReadsDoNotFillTheLog(t *testing.T) {
	h := open(t, edge.Options{}, func(engine *gin.Engine) {
		engine.POST("/changes", func(c *gin.Context) { c.Status(http.StatusOK) })
		engine.POST("/reads", edge.Read)
		engine.POST("/fails", func(c *gin.Context) {
			edge.Read(c)
			edge.Fail(c, fault.ErrNotFound)
		})
	})
	for _, path := range []string{"/changes", "/reads", "/fails"} {
		do(t, h.request(t, http.MethodPost, path, ""))
	}
	h.Close()
	levels := map[any]any{}
	for _, line := range h.log.lines(t, "request served") {
		levels[line["route"]] = line["level"]
	}
	if want := map[any]any{"/changes": "INFO", "/reads": "DEBUG", "/fails": "INFO"}; !maps.Equal(levels, want) {
		t.Errorf("logged as %v, want %v", levels, want)
	}
}
