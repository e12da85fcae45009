package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// canaries are secrets as they look in life; each holds the word CANARY, which must never be seen.
var canaries = map[string]string{
	"private key":   "sk_live_CANARYxq3k2m4n5p6q7r8s9t",
	"test key":      "sk_test_CANARYxq3k2m4n5p6q7r8s9t",
	"api key":       "ap_live_CANARYxq3k2m4n5p6q7r8s9t",
	"signing":       "whsec_CANARY/kq+3A==",
	"bearer":        "Bearer CANARY.abc-def",
	"basic":         "Authorization: Basic CANARYdXNlcjpwYXNz",
	"jwt":           "eyJhbGciOiJFZERTQSJ9.CANARYIiOiJ4In0.CANARYc2ln",
	"dsn":           "postgres://gateway:CANARY%2F!x@db:5432/pay",
	"json":          `{"email":"a@b.example","password":"CANARY horse battery"}`,
	"json twice":    `{"body":"{\"privateKey\":\"CANARYabc\"}"}`,
	"form":          "email=a&password=CANARY-1&x=y",
	"refresh":       "refresh_token=CANARYdeadbeef",
	"assignment":    "MASTER_KEY=CANARY00112233",
	"cookie header": "Cookie: session=CANARYabcdef",
	"header map":    fmt.Sprint(http.Header{"Authorization": {"Basic CANARYaGVsbG8="}}),
	"pem":           "-----BEGIN PRIVATE KEY-----CANARYMC4CAQAwBQ==-----END PRIVATE KEY-----",
}

type body struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

func everyFormat(t *testing.T, try func(t *testing.T, log *slog.Logger, out *bytes.Buffer)) {
	t.Helper()
	for name, asJSON := range map[string]bool{"text": false, "json": true} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			try(t, NewLogger(&out, LogOptions{JSON: asJSON, Level: slog.LevelDebug}), &out)
		})
	}
}

// However a secret gets into a record, it does not leave by the log.
func TestNoCanaryLeavesByTheLog(t *testing.T) {
	everyFormat(t, func(t *testing.T, log *slog.Logger, out *bytes.Buffer) {
		for name, secret := range canaries {
			for way, say := range map[string]func(){
				"message":   func() { log.Info("got " + secret) },
				"attribute": func() { log.Info("m", "text", secret) },
				"error":     func() { log.Error("m", "err", fmt.Errorf("call: %w", errors.New(secret))) },
				"group":     func() { log.Debug("m", slog.Group("a", slog.Group("b", slog.String("c", secret)))) },
				"with":      func() { log.With("text", secret).WithGroup("g").Warn("m") },
				"list":      func() { log.Info("m", "list", []string{"x", secret}) },
				"map":       func() { log.Info("m", "map", map[string]any{"k": secret}) },
				"pointer":   func() { log.Info("m", "p", &struct{ S string }{secret}) },
			} {
				out.Reset()
				say()
				if strings.Contains(out.String(), "CANARY") || strings.Count(out.String(), "\n") != 1 {
					t.Errorf("%s by %s:\n%s", name, way, out)
				}
			}
		}
		for _, name := range []string{"password", "newPassword", "db_password", "private-key", "Authorization", "api.key", "refreshToken", "secret", "DSN"} {
			out.Reset()
			log.Info("m", name, "CANARY with spaces", slog.Group("g", slog.String(name, `CANARY"quoted`)))
			if strings.Contains(out.String(), "CANARY") {
				t.Errorf("named %s:\n%s", name, out)
			}
		}
		out.Reset()
		log.Info("m", "body", body{"a@b.example", "CANARY one two"})
		if _, structs := strings.CutPrefix(out.String(), "{"); structs && strings.Contains(out.String(), "CANARY") {
			t.Errorf("a struct as JSON:\n%s", out)
		}
	})
}

// What is no secret stays readable, and a line stays a line of its format.
func TestTheLogStaysReadable(t *testing.T) {
	everyFormat(t, func(t *testing.T, log *slog.Logger, out *bytes.Buffer) {
		for _, text := range []string{
			"session settled", "task_scheduler", "disk_usage_percentage", "map_of_things", "pk_live_abcdefgh12345678",
			"https://shop.example/hook?a=1", "token=USDT", "secrets rotate", "we_3f2504e0-4f89-41d3-9a0c-0305e82c3301",
			"20260517000000042", "0x9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
			"TR7NHqjeKQxGTCi8q8ZjHPrXEQ8bHzQP8b", "password must have 12 characters", "the private key is shown once",
		} {
			out.Reset()
			log.Info(text, "text", text)
			if strings.Count(out.String(), text) != 2 {
				t.Errorf("%q became\n%s", text, out)
			}
		}
		out.Reset()
		log.Info("m", "a", canaries["json"], "b", canaries["dsn"], "evil", "x\r\nlevel=INFO msg=paid")
		if strings.Count(out.String(), "\n") != 1 {
			t.Errorf("more than one line:\n%s", out)
		}
		var record map[string]any
		if strings.HasPrefix(out.String(), "{") && json.Unmarshal(out.Bytes(), &record) != nil {
			t.Errorf("no longer JSON:\n%s", out)
		}
	})
}

func TestTheLogHasItsLevel(t *testing.T) {
	var out bytes.Buffer
	log := NewLogger(&out, LogOptions{})
	log.Debug("quiet")
	log.Info("loud")
	if strings.Contains(out.String(), "quiet") || !strings.Contains(out.String(), "loud") {
		t.Errorf("logged\n%s", &out)
	}
}

// Looking for signs first spares a line nothing that a full search would have taken out of it.
func TestSignsAreInWhateverMatches(t *testing.T) {
	pieces := []string{
		"ſecret=", "KEY: ", "apiKey=", "api_Key=", "BASIC+", "baſic ", "msg=", "\"", "\\", " ", "0123456789", "ä", "\xff",
	}
	for _, secret := range canaries {
		pieces = append(pieces, secret, strings.ToUpper(secret), strings.ToLower(secret))
		for i := range secret {
			pieces = append(pieces, secret[:i], secret[i:])
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		line := strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 1, 6).Draw(t, "pieces"), "")
		want := []byte(line)
		for _, l := range looks {
			want = l.pattern.ReplaceAll(want, []byte("${1}"+redacted))
		}
		var out bytes.Buffer
		if _, err := (censor{&out}).Write([]byte(line)); err != nil || out.String() != string(want) {
			t.Errorf("%q became\n%q, want\n%q (%v)", line, out.String(), want, err)
		}
	})
}

// BenchmarkAccessLine writes the line of an ordinary request, which holds nothing to take out.
func BenchmarkAccessLine(b *testing.B) {
	log := NewLogger(io.Discard, LogOptions{})
	for b.Loop() {
		log.Info("request served", "method", http.MethodPost, "route", "/v1/transactions/charge",
			"status", http.StatusOK, "took", time.Millisecond, "bytes", 207,
			"request_id", "C7S5SDXBO2JDLZQQXP5LH7D3NG", "remote_ip", "10.0.3.17")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestTheCensorPassesOnWhatWritingAnswers(t *testing.T) {
	if n, err := (censor{broken{}}).Write([]byte("line")); n != 0 || err == nil {
		t.Errorf("%d, %v", n, err)
	}
	var out bytes.Buffer
	line := []byte("Bearer abcdefghijklmnop")
	if n, err := (censor{&out}).Write(line); n != len(line) || err != nil || string(line) != "Bearer abcdefghijklmnop" {
		t.Errorf("%d, %v; a writer must not change what it was given", n, err)
	}
}
