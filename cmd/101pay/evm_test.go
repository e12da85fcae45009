package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/101pay/101pay/domain/chain"
)

func TestEVMNodesAreRead(t *testing.T) {
	got, err := parseEVM(" ethereum = https://one.example/KEY?a=b | https://two.example ,base=http://127.0.0.1:8545, ")
	want := []evmNodes{
		{chain.Ethereum, []string{"https://one.example/KEY?a=b", "https://two.example"}},
		{chain.Base, []string{"http://127.0.0.1:8545"}},
	}
	if err != nil || cmp.Diff(want, got, cmp.AllowUnexported(evmNodes{})) != "" {
		t.Errorf("%+v, %v", got, err)
	}
	if hosts := evmHosts(got); hosts != "ethereum=one.example|two.example,base=127.0.0.1:8545" {
		t.Errorf("shown as %s", hosts)
	}
	if none, err := parseEVM(""); err != nil || none != nil {
		t.Errorf("nothing is %+v, %v", none, err)
	}
}

// What is wrong is said, all of it at once, and no URL with its key is repeated.
func TestWrongEVMNodesAreRefused(t *testing.T) {
	const node = "https://one.example/SECRET"
	names := "must be one of ethereum, bsc, polygon, arbitrum, base, optimism, avalanche"
	for text, says := range map[string]string{
		node:                                   "entry 1 must be network=",
		"fantom=" + node:                       names,
		"tron=" + node:                         names,
		"Base=" + node:                         names,
		"base=":                                "base must have 1 to 16 endpoints",
		"base=|":                               "base must have 1 to 16 endpoints",
		"base=ws://x/SECRET":                   "base: endpoint 1 must be a URL",
		"base=" + node + "|one.example":        "base: endpoint 2 must be a URL",
		"base=" + node + ",base=" + node:       "entry 2: base is there twice",
		"base=" + strings.Repeat(node+"|", 17): "base must have 1 to 16 endpoints",
		"fantom=" + node + ",base=https:SECRET,x=y,bsc": "entry 4 must be network=",
	} {
		nodes, err := parseEVM(text)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: %+v, %v", text, nodes, err)
		}
	}
	if _, err := parseEVM("fantom=x,base=y"); strings.Count(err.Error(), "entry") != 2 {
		t.Errorf("not everything is said at once: %v", err)
	}
}
