package main

import (
	"bytes"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/attest"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports/portstest"
)

// An instruction of the year 2020, and the moment before it ends.
var (
	statementEnd = time.Date(2020, 5, 17, 12, 30, 0, 0, time.UTC)
	beforeEnd    = "2020-05-17T12:29:59Z"
	keysText     = keySet(portstest.Pen{}.Keys()...)
)

func keySet(keys ...attest.Key) string {
	var list []map[string]string
	for _, k := range keys {
		list = append(list, map[string]string{
			"kty": "OKP", "crv": "Ed25519", "x": k.Text(), "kid": k.ID(), "use": "sig", "alg": "EdDSA",
		})
	}
	text, err := json.Marshal(map[string]any{"keys": list})
	if err != nil {
		panic(err)
	}
	return string(text)
}

func statement(t testing.TB, payee string) attest.Signed {
	t.Helper()
	i, err := attest.Instruct(attest.Parties{Issuer: "https://pay.example", ClientID: "101000000000042", Payee: payee},
		checkout.Snapshot{ID: "s", Mode: merchant.Live, Intent: &checkout.Intent{
			ID: "i", Asset: chain.Base.Tokens()[0], Address: "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
			Units: big.NewInt(50_003_400), Terms: checkout.PlainTerms(), CreatedAt: statementEnd.Add(-time.Hour), ExpiresAt: statementEnd,
		}})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := i.Sign(portstest.Pen{}.Keys()[0], portstest.Pen{}.Sign)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// trapped is an environment somebody left his own answers in.
func trapped(name string) string {
	return map[string]string{"HOME": "/nowhere", "AT": "2015-01-01T00:00:00Z", "KEYS": "/no/such/file"}[name]
}

// verifying runs the command as a shell would and answers what it printed and its exit code.
func verifying(t *testing.T, text, keys string, more ...string) (out, complaint string, code int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "keys.json")
	if err := os.WriteFile(path, []byte(keys), 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	p := process{t.Context(), trapped, strings.NewReader(text), &stdout, &stderr}
	code = run(p, append([]string{"verify", "-", "--keys", path}, more...))
	return stdout.String(), stderr.String(), code
}

func TestVerifySaysWhatAGenuineStatementSays(t *testing.T) {
	s := statement(t, "Müller\x1b[31m & \u202eSons")
	answer := `{"jws":"` + s.JWS + `","payload":` + string(s.Payload) + `}`
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(answer), "", "  "); err != nil {
		t.Fatal(err)
	}
	others := keySet(attest.Key{1}, portstest.Pen{}.Keys()[0])
	others = strings.Replace(others, `[`, `[{"kty":"RSA","n":"AQAB","kid":"x"},`, 1)
	for name, text := range map[string]string{
		"as it is": s.JWS, "with its line break": s.JWS + "\n", "with that of others": s.JWS + "\r\n",
		"the answer": answer, "the answer, indented": pretty.String() + "\n",
	} {
		out, complaint, code := verifying(t, text, others, "--at", beforeEnd)
		if code != 0 || complaint != "" {
			t.Errorf("%s: %d, %s", name, code, complaint)
		}
		for _, want := range []string{
			"GENUINE payment instruction", "https://pay.example", "50.0034 USDC (50003400 base units)",
			"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "base (chain id 8453)",
			`"Müller\x1b[31m & \u202eSons"`, "101000000000042", "2020-05-17T12:30:00.000000Z",
			portstest.Pen{}.Keys()[0].ID(),
		} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in %s", name, want, out)
			}
		}
	}
}

func TestVerifySaysExactlyWhatIsWrong(t *testing.T) {
	s := statement(t, "Books")
	parts := strings.Split(s.JWS, ".")
	answer := `{"jws":"` + s.JWS + `","payload":` + string(s.Payload) + `}`
	other := strings.Replace(string(s.Payload), "0x5aAeb6053F", "0x5aAeb6053E", 1)
	const none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0" // {"alg":"none","typ":"JWT"}
	const hmac = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
	flipped := "A"
	if parts[2][0] == 'A' {
		flipped = "B"
	}
	for name, c := range map[string]struct{ text, keys, want string }{
		"bad signature":         {parts[0] + "." + parts[1] + "." + flipped + parts[2][1:], keysText, "the signature is wrong"},
		"unknown key":           {s.JWS, keySet(attest.Key{1}), "signed by a key that is not among the given ones"},
		"alg none":              {none + "." + parts[1] + ".", keysText, `the only algorithm of statements: it says "none"`},
		"alg HS256":             {hmac + "." + parts[1] + "." + parts[2], keysText, `the only algorithm of statements: it says "HS256"`},
		"not three parts":       {parts[0] + "." + parts[1], keysText, "three parts"},
		"nothing":               {"", keysText, "three parts"},
		"trailing data":         {s.JWS + "\nmore", keysText, "its signature is not base64url"},
		"two line breaks":       {s.JWS + "\n\n", keysText, "its signature is not base64url"},
		"two statements":        {s.JWS + "\n" + s.JWS + "\n", keysText, "three parts"},
		"oversized":             {s.JWS + strings.Repeat("A", attest.MaxBytes), keysText, "too large"},
		"oversized file":        {strings.Repeat(" ", maxStatementFile) + answer, keysText, "too large"},
		"other payload beside":  {`{"jws":"` + s.JWS + `","payload":` + other + `}`, keysText, "is not the signed one"},
		"no payload beside":     {`{"jws":"` + s.JWS + `"}`, keysText, "is not the signed one"},
		"no statement":          {`{"payload":` + string(s.Payload) + `}`, keysText, "three parts"},
		"payload twice":         {strings.Replace(answer, `,"payload"`, `,"payload":`+other+`,"payload"`, 1), keysText, "stands twice"},
		"statement twice":       {strings.Replace(answer, `{`, `{"jws":"x",`, 1), keysText, "stands twice"},
		"more beside":           {strings.Replace(answer, `{`, `{"note":"x",`, 1), keysText, "unknown"},
		"answer and more":       {answer + "{}", keysText, "follows its end"},
		"half an answer":        {answer[:len(answer)-1], keysText, "not a statement"},
		"an error of the API":   {`{"error":"not_paid_yet","message":"x"}`, keysText, "unknown"},
		"keys that are no JSON": {s.JWS, "keys", "not a set of keys"},
		"no keys":               {s.JWS, `{"keys":[]}`, "it holds 0 Ed25519 keys"},
		"keys of other kinds":   {s.JWS, `{"keys":[{"kty":"oct","k":"AAAA"}]}`, "it holds 0 Ed25519 keys"},
		"a key misnamed": {
			s.JWS, strings.Replace(keySet(attest.Key{1}), attest.Key{1}.ID(), portstest.Pen{}.Keys()[0].ID(), 1),
			"is not the one its name says",
		},
		"a key cut short": {s.JWS, strings.Replace(keysText, `"x":"`, `"x":"_`, 1), "not an Ed25519 public key"},
		"keys oversized":  {s.JWS, strings.Repeat(" ", maxKeysFile) + keysText, "too large"},
	} {
		out, complaint, code := verifying(t, c.text, c.keys, "--at", beforeEnd)
		if code != 1 || out != "" || !strings.Contains(complaint, c.want) {
			t.Errorf("%s: %d, printed %q, said %q, want %q", name, code, out, complaint, c.want)
		}
	}
	// An instruction ends. The moment is now or what the command line says, never the environment.
	for _, at := range [][]string{{"--at", "2020-05-17T12:30:00Z"}, nil} {
		out, complaint, code := verifying(t, s.JWS, keysText, at...)
		if code != 1 || out != "" || !strings.Contains(complaint, "expired") ||
			!strings.Contains(complaint, "2020-05-17T12:30:00.000000Z") {
			t.Errorf("after its end, %v: %d, %q, %q", at, code, out, complaint)
		}
	}
	if _, _, code := verifying(t, s.JWS, keysText, "--at", "yesterday"); code != 2 {
		t.Errorf("a moment that is none: %d", code)
	}
	var stderr bytes.Buffer
	p := process{t.Context(), trapped, strings.NewReader(""), &stderr, &stderr}
	if code := run(p, []string{"verify", "-"}); code != 2 || !strings.Contains(stderr.String(), "missing flags: --keys") {
		t.Errorf("without keys: %d, %s", code, &stderr)
	}
}

// Whatever a file holds, it is refused or is a statement that was signed.
func FuzzStatementFiles(f *testing.F) {
	s := statement(f, "Books")
	f.Add([]byte(s.JWS + "\n"))
	f.Add([]byte(`{"jws":"` + s.JWS + `","payload":` + string(s.Payload) + `}`))
	f.Add([]byte(`{"jws":1,"payload":[[[[`))
	at := statementEnd.Add(-time.Minute)
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, err := verify(text, portstest.Pen{}.Keys(), at); err == nil && !bytes.Equal(got.Payload, s.Payload) {
			t.Fatalf("believed: %q", text)
		}
	})
}
