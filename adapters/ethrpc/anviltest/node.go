package anviltest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// ChainID is Tron's main network's, as eth_chainId answers it.
const ChainID = 728126428

// FinalityLag is how many blocks the final one is behind the newest.
const FinalityLag = 2

const (
	startLimit = time.Minute      // for a node to say that it listens
	callLimit  = 60 * time.Second // of one call to it
	maxLines   = 1000             // of its output before it must have said so
	maxStates  = "20000"          // blocks it can trace: more than any test mines
)

// Node is a running anvil.
type Node struct {
	URL string // of its JSON-RPC

	t       testing.TB
	process *exec.Cmd
	stop    sync.Once
	funded  map[Account]bool
	packing bool // transactions wait for a block they share
}

// Start starts a node whose chain is empty but for its genesis, and stops it when the test ends. It
// mines when it is told to: Send, Mine and OneBlock do.
func Start(t testing.TB) *Node {
	t.Helper()
	return StartChain(t, ChainID)
}

// StartChain is Start for a chain of another id.
func StartChain(t testing.TB, chainID uint64) *Node {
	t.Helper()
	n := &Node{t: t, funded: map[Account]bool{}}
	// Paris is what Tron's machine comes close to; the forks after it make every block copy ever more
	// history, which thousands of blocks feel.
	//nolint:gosec,noctx // our own tool; Stop ends it
	n.process = exec.Command(binary(t), "--host", "127.0.0.1", "--port", "0", "--accounts", "1",
		"--chain-id", fmt.Sprint(chainID), "--slots-in-an-epoch", "1", "--auto-impersonate",
		"--base-fee", "0", "--gas-limit", "2000000000", "--no-mining", "--hardfork", "paris",
		"--order", "fifo", "--no-request-size-limit", "--max-persisted-states", maxStates)
	// Long chains are kept on disk below the home directory, and left there by a node that is killed.
	n.process.Env = append(os.Environ(), "HOME="+t.TempDir())
	n.process.SysProcAttr = attributes()
	output, err := n.process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.process.Start(); err != nil {
		t.Fatalf("start anvil: %v", err)
	}
	t.Cleanup(n.Stop)
	listens := make(chan string, 1)
	go func() {
		listens <- address(output)
		_, _ = io.Copy(io.Discard, output) // a full pipe would stop the node
	}()
	select {
	case at := <-listens:
		if at == "" {
			t.Fatal("anvil ended or fell silent without listening")
		}
		n.URL = "http://" + at
	case <-time.After(startLimit):
		t.Fatal("anvil did not listen in time")
	}
	return n
}

// address waits for the line that names where the node listens, "" if it never comes.
func address(output io.Reader) string {
	lines := bufio.NewScanner(output)
	for i := 0; i < maxLines && lines.Scan(); i++ {
		if _, at, found := strings.Cut(lines.Text(), "Listening on "); found {
			return strings.TrimSpace(at)
		}
	}
	return ""
}

// Stop ends the node. Calling it again does nothing.
func (n *Node) Stop() {
	n.stop.Do(func() {
		_ = n.process.Process.Kill()
		_ = n.process.Wait()
	})
}

// binary finds anvil itself and not a script before it, which could be killed and leave the node
// behind. npm leaves out an optional package it cannot get without a word, hence the advice.
func binary(t testing.TB) string {
	t.Helper()
	modules := filepath.Join(root(t), "e2e", "node_modules")
	found, err := filepath.Glob(filepath.Join(modules, "@foundry-rs", "anvil-*", "bin", "anvil*"))
	if err == nil && len(found) > 0 {
		return found[0]
	}
	if path, err := exec.LookPath("anvil"); err == nil {
		return path
	}
	t.Fatal("anvil is missing; at the top of the repository: rm -rf e2e/node_modules && " +
		".ci/deps.sh npm e2e (on anything but Linux on x86-64, put anvil 1.7.1 on the PATH)")
	return ""
}

// root is the top of the repository: where go.mod is.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			err = errors.New("no go.mod above the working directory")
		}
		dir = parent
	}
	t.Fatal(err)
	return ""
}

// Call asks the node and fails the test if it answers an error.
func (n *Node) Call(method string, params ...any) json.RawMessage {
	n.t.Helper()
	result, err := n.Try(method, params...)
	if err != nil {
		n.t.Fatalf("%s: %v", method, err)
	}
	return result
}

// Try asks the node.
func (n *Node) Try(method string, params ...any) (json.RawMessage, error) {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "id": 1, "method": method, "params": params,
	})
	if err != nil {
		return nil, err
	}
	text, err := post(n.URL, body)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Result json.RawMessage
		Error  *struct{ Message string }
	}
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, err
	}
	if answer.Error != nil {
		return nil, errors.New(answer.Error.Message)
	}
	return answer.Result, nil
}

// post sends a request and answers the answer.
func post(url string, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), callLimit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(resp.Body)
	return text, errors.Join(err, resp.Body.Close())
}

// ask is Call with the result read into a value.
func ask[T any](n *Node, method string, params ...any) (out T) {
	n.t.Helper()
	if err := json.Unmarshal(n.Call(method, params...), &out); err != nil {
		n.t.Fatalf("%s: %v", method, err)
	}
	return out
}
