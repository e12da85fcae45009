package member

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // RFC 6238 as every authenticator app speaks it; HMAC keeps it sound
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"time"
)

// How codes of authenticator apps are made (RFC 6238): what all apps assume unless told otherwise.
const (
	TOTPSecretBytes = 20
	totpDigits      = 6
	totpModulus     = 1_000_000
	totpStep        = 30 // seconds
	totpSkew        = 1  // steps a clock may be off, each way
)

// totpCode is the code of a step (RFC 4226, section 5.3).
func totpCode(secret []byte, step int64) string {
	mac := hmac.New(sha1.New, secret)
	_ = binary.Write(mac, binary.BigEndian, step) // a hash never refuses a write
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0x0f
	number := binary.BigEndian.Uint32(sum[at:at+4]) & 0x7fffffff
	return fmt.Sprintf("%0*d", totpDigits, number%totpModulus)
}

// matchTOTP answers the step a code belongs to, if it is one that counts at now.
func matchTOTP(secret []byte, code string, now time.Time) (step int64, right bool) {
	present := now.Unix() / totpStep
	for s := present - totpSkew; s <= present+totpSkew; s++ {
		if subtle.ConstantTimeCompare([]byte(totpCode(secret, s)), []byte(code)) == 1 {
			step, right = s, true
		}
	}
	return step, right
}

// TOTPText is a secret as it is typed into an app.
func TOTPText(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// TOTPLink is a secret as apps scan it, under the name of an account at a gateway.
func TOTPLink(secret []byte, issuer, account string) string {
	query := url.Values{"secret": {TOTPText(secret)}, "issuer": {issuer}}
	return "otpauth://totp/" + url.PathEscape(issuer+":"+account) + "?" + query.Encode()
}
