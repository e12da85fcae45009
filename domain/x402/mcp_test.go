package x402

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A tool that is not paid yet says the same to programs and to models, and that it is an error.
func TestToolResult(t *testing.T) {
	c := extendedOffer(t).Challenge(ReasonFunds.Refuse("the payer has too little"))
	text, err := c.ToolResult()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		IsError           bool
		StructuredContent any
		Content           []struct{ Type, Text string }
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	var want, said any
	if err := json.Unmarshal([]byte(requiredJSON(t, c)), &want); err != nil {
		t.Fatal(err)
	}
	if !got.IsError || len(got.Content) != 1 || got.Content[0].Type != "text" {
		t.Fatalf("%s", text)
	}
	if err := json.Unmarshal([]byte(got.Content[0].Text), &said); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.StructuredContent) + cmp.Diff(want, said); diff != "" {
		t.Error(diff)
	}
	if _, err := (Challenge{Required: "?"}).ToolResult(); err == nil {
		t.Error("a result of no challenge")
	}
}

// The payment of a tool call is the payload as JSON, beside what else _meta holds.
func TestPaymentInMeta(t *testing.T) {
	meta := `{"progressToken":1,"x402/payment": ` + specPayment().json() + `}`
	p, paid, err := ReadMeta([]byte(meta))
	if err != nil || !paid {
		t.Fatalf("paid %t: %v", paid, err)
	}
	if _, err := offerOf(t, usdc(t)).Verify(p, specNow); err != nil {
		t.Error(err)
	}
	if _, paid, err := ReadMeta([]byte(`{"progressToken":1}`)); paid || err != nil {
		t.Errorf("paid %t: %v", paid, err)
	}
	for text, want := range map[string]Reason{
		`{"x402/payment":`:                            ReasonHeader,
		`{"x402/payment":1,"x402/payment":2}`:         ReasonHeader,
		`{"x402/payment":null}`:                       ReasonHeader,
		`{"x402/payment":"eyJ4IjoxfQ=="}`:             ReasonHeader,
		"{\"x402/payment\":{\"x\":\"\xff\"}}":         ReasonHeader,
		`{"x402/payment":{"x402Version":1}}`:          ReasonVersion,
		`{"a":"` + string(make([]byte, 17000)) + `"}`: ReasonHeader,
	} {
		_, _, err := ReadMeta([]byte(text))
		wants(t, err, want)
	}
}

// The receipt of a tool call is that of HTTP, without base64.
func TestResponseInMeta(t *testing.T) {
	var got struct {
		Success     bool
		Transaction string
		Extensions  map[string]any
	}
	if err := json.Unmarshal(settledResponse(t).Meta(), &got); err != nil {
		t.Fatal(err)
	}
	if !got.Success || got.Transaction != (Hash{0xab}).String() || got.Extensions[ExtensionStatements] == nil {
		t.Errorf("%+v", got)
	}
}
