// Package e2e runs whole stories against the real gateway: its binary, a real PostgreSQL, a real
// node, a real receiver of webhooks.
//
// It owns nothing but expectations; package rig runs the parts.
package e2e

import (
	"os"
	"testing"

	"github.com/101pay/101pay/e2e/rig"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(m)) }
