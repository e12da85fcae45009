package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/fault"
)

const (
	signatureVersion = "v1,"
	// tolerance is how far a timestamp may be from the verifier's clock: it bounds how long a
	// recorded request can be played again.
	tolerance = 5 * time.Minute
	// maxSignatureBytes bounds the header a verifier looks at: a dozen signatures.
	maxSignatureBytes = 1024
)

// ErrSignature refuses a message that was not signed by the secret, or not now. It never says
// which: whoever forges learns nothing.
var ErrSignature = fault.New(fault.Unauthenticated, "webhook_signature_invalid",
	"the webhook was not signed with this secret within the last five minutes")

var errUnsignable = errors.New("sign webhook: it takes an id without a full stop, and secrets")

// Sign answers the webhook-signature header of a message: one signature for each live secret, the
// newest first. The id and the time are signed with the body, so that no part can be used with
// another.
func Sign(secrets []Secret, id string, at time.Time, body []byte) (string, error) {
	if len(secrets) == 0 || !signableID(id) {
		return "", errUnsignable
	}
	signatures := make([]string, len(secrets))
	for i, s := range secrets {
		if len(s.key) < minSecretBytes {
			return "", errUnsignable
		}
		signatures[i] = signature(s, id, Timestamp(at), body)
	}
	return strings.Join(signatures, " "), nil
}

// Timestamp prints a time as the webhook-timestamp header.
func Timestamp(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

// signableID refuses a full stop, which separates the signed parts.
func signableID(id string) bool { return id != "" && !strings.Contains(id, ".") }

func signature(s Secret, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, s.key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return signatureVersion + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Message is a webhook as it arrives: three headers and the raw body.
type Message struct {
	ID        string
	Timestamp string
	Signature string
	Body      []byte
}

// Verify refuses a message none of the secrets signed, or whose timestamp is more than five minutes
// from now.
func Verify(secrets []Secret, m Message, now time.Time) error {
	seconds, err := strconv.ParseInt(m.Timestamp, 10, 64)
	if err != nil || strconv.FormatInt(seconds, 10) != m.Timestamp {
		return ErrSignature
	}
	if now.Sub(time.Unix(seconds, 0)).Abs() > tolerance ||
		!signableID(m.ID) || len(m.Signature) > maxSignatureBytes {
		return ErrSignature
	}
	for _, s := range secrets {
		if len(s.key) < minSecretBytes {
			continue
		}
		want := signature(s, m.ID, m.Timestamp, m.Body)
		for given := range strings.SplitSeq(m.Signature, " ") {
			if hmac.Equal([]byte(given), []byte(want)) {
				return nil
			}
		}
	}
	return ErrSignature
}
