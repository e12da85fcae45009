// Command 101pay is the payment gateway: one binary that serves, watches chains, and delivers
// webhooks, with the commands an operator needs beside it.
//
// It owns configuration, the assembly of everything (wire.go), and the order in which a process
// starts and stops. It does not own any behaviour of the gateway.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/101pay/101pay/adapters/rates"
	"github.com/101pay/101pay/adapters/telemetry"
)

// version is set by the linker.
var version = "development"

// process is what a command may use of the process it runs in.
type process struct {
	ctx    context.Context
	getenv func(string) string
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
}

// commands is the command line.
type commands struct {
	Config

	Serve      serveCommand      `cmd:"" default:"1" help:"serve the API and the pages, watch chains, deliver webhooks (the default)"`
	Migrate    migrateCommand    `cmd:"" help:"bring the database schema up to date"`
	Doctor     doctorCommand     `cmd:"" help:"check configuration, database, chains and clock, and say what to do"`
	Rescan     rescanCommand     `cmd:"" help:"read a network's past again at another endpoint and record what watching missed; exit code 1 if it differs"`
	Audit      auditCommand      `cmd:"" help:"check every booked payment against the chain data it came from"`
	KYC        kycCommand        `cmd:"" help:"read what merchants say about themselves, and approve it or send it back"`
	Members    membersCommand    `cmd:"" help:"help a member who cannot sign in any more"`
	Explain    explainCommand    `cmd:"" help:"say why a payment is not paid: what was read, and what came instead"`
	Verify     verifyCommand     `cmd:"" help:"check a signed payment instruction or receipt, without any network, and print what it says"`
	Paywall    paywallCommand    `cmd:"" help:"put any HTTP or MCP server behind x402: programs pay for each request"`
	ShowConfig showConfigCommand `cmd:"" name:"config" help:"print the settings in use, secrets left out"`
	Quickstart quickstartCommand `cmd:"" help:"open a test merchant on a running gateway and print a first payment link"`
	Sandbox    sandboxCommand    `cmd:"" help:"make something happen to a test payment on a running gateway"`
	Version    versionCommand    `cmd:"" help:"print the version"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(process{ctx, os.Getenv, os.Stdin, os.Stdout, os.Stderr}, os.Args[1:])
	stop()
	os.Exit(code)
}

// errReported ends a command whose failure is printed already.
var errReported = errors.New("reported")

// run is main without the process around it. It answers the exit code: 2 for a wrong call, 1 for a
// failure.
func run(p process, args []string) int {
	var cli commands
	exit := -1
	parser, err := kong.New(&cli, kong.Name("101pay"),
		kong.Description("A self-hosted, non-custodial crypto payment gateway. Every flag that is no command's "+
			"own can also be set by the environment: --listen-addr is LISTEN_ADDR."),
		kong.Resolvers(environment(p.getenv)), kong.Writers(p.stdout, p.stderr),
		kong.Exit(func(code int) { exit = code }), kong.Bind(p), kong.UsageOnError(),
		kong.Vars{"venues": rates.AllVenues})
	if err != nil {
		return fail(p, err)
	}
	chosen, err := parser.Parse(args)
	if exit >= 0 {
		return exit // help was asked for
	}
	if err != nil {
		_, _ = fmt.Fprintf(p.stderr, "101pay: %v\n", err)
		return 2
	}
	if err := cli.settle(p.getenv); err != nil {
		_, _ = fmt.Fprintf(p.stderr, "101pay: the configuration is wrong:\n%v\n", err)
		return 2
	}
	if err := chosen.Run(&cli.Config); err != nil {
		return fail(p, err)
	}
	return 0
}

func fail(p process, err error) int {
	if !errors.Is(err, errReported) {
		_, _ = fmt.Fprintf(p.stderr, "101pay: %v\n", err)
	}
	return 1
}

// environment resolves each setting by the variable of its name. What one command is asked (which
// network to read again, whom to trust) is said where it is asked, never left behind in an
// environment, and HELP there asks for nothing.
func environment(getenv func(string) string) kong.Resolver {
	return kong.ResolverFunc(func(c *kong.Context, at *kong.Path, flag *kong.Flag) (any, error) {
		if at.App == nil || flag == c.Model.HelpFlag {
			return nil, nil //nolint:nilnil // how kong hears that nothing is set
		}
		if value := getenv(strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))); value != "" {
			return value, nil
		}
		return nil, nil //nolint:nilnil // how kong hears that nothing is set
	})
}

// logger writes to standard error, with what looks like a secret taken out.
func logger(p process, c *Config) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		level = slog.LevelInfo // kong admits no other name
	}
	return telemetry.NewLogger(p.stderr, telemetry.LogOptions{JSON: c.LogFormat == "json", Level: level})
}

type versionCommand struct{}

// Run implements the command.
func (versionCommand) Run(p process) error {
	_, err := fmt.Fprintln(p.stdout, "101pay "+version)
	return err
}

type showConfigCommand struct{}

// Run implements the command.
func (showConfigCommand) Run(p process, c *Config) error {
	for _, line := range c.redacted() {
		if _, err := fmt.Fprintf(p.stdout, "%s=%s\n", line[0], line[1]); err != nil {
			return err
		}
	}
	return nil
}
