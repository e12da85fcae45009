package outbound

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// selfSigned answers a certificate of its own authority.
func selfSigned(t *testing.T, host string, until time.Time) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	draft := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{host}, NotBefore: until.Add(-48 * time.Hour), NotAfter: until,
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, draft, draft, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

func TestOnlyTrustedConnectionsCarryNews(t *testing.T) {
	tomorrow, yesterday := time.Now().Add(24*time.Hour), time.Now().Add(-24*time.Hour)
	for name, c := range map[string]struct {
		certified string
		until     time.Time
		trusted   bool
		oldTLS    bool
		want      string
	}{
		"good":       {"shop.example", tomorrow, true, false, webhook.OutcomeDelivered},
		"expired":    {"shop.example", yesterday, true, false, webhook.OutcomeTLS},
		"wrong host": {"other.example", tomorrow, true, false, webhook.OutcomeTLS},
		"untrusted":  {"shop.example", tomorrow, false, false, webhook.OutcomeTLS},
		"TLS 1.1":    {"shop.example", tomorrow, true, true, webhook.OutcomeTLS},
	} {
		t.Run(name, func(t *testing.T) {
			certificate, roots := selfSigned(t, c.certified, c.until)
			if !c.trusted {
				roots = x509.NewCertPool()
			}
			heard := false
			s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { heard = true }))
			s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS10}
			if c.oldTLS {
				s.TLS.MaxVersion = tls.VersionTLS11
			}
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			s.StartTLS()
			url := "https://shop.example:" + strings.TrimPrefix(s.Listener.Addr().String(), "127.0.0.1:") + "/"
			sender := New(Options{AllowPrivate: true, Roots: roots, Resolver: nameServer(t, fixed("127.0.0.1"))})
			got := sender.Send(t.Context(), ports.Outgoing{URL: url, Body: []byte("secret")})
			s.Close()
			if got.Outcome != c.want || heard != (c.want == webhook.OutcomeDelivered) {
				t.Errorf("outcome %q (heard %v), want %q", got.Outcome, heard, c.want)
			}
		})
	}
}

func TestPlainHTTPBehindHTTPS(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
	sender := New(Options{AllowPrivate: true, Resolver: nameServer(t, fixed("127.0.0.1"))})
	if got := sender.Send(t.Context(), ports.Outgoing{URL: "https://shop.example:" + port + "/"}); got.Outcome != webhook.OutcomeTLS {
		t.Errorf("outcome %q", got.Outcome)
	}
	if got := sender.Send(t.Context(), ports.Outgoing{URL: "http://shop.example:" + port + "/"}); got.StatusCode != 404 {
		t.Errorf("a developer's plain receiver answered %d (%q)", got.StatusCode, got.Outcome)
	}
}
