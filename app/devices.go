package app

import (
	"crypto/subtle"
	"encoding/hex"
	"strconv"
	"strings"
	"time"
)

// A device that signed in to an account carries a mark. It opens nothing: whoever shows it only has
// tries of his own, so that strangers who guess at the account cannot keep its people out.
const (
	deviceLife    = 180 * 24 * time.Hour
	deviceBytes   = 16
	devicePurpose = "known device"
	deviceMax     = 128 // bytes of a mark that is looked at
)

// markDevice makes a mark for an account: random bytes, when it was made, and a tag.
func (s SignIn) markDevice(email string) string {
	body := hex.EncodeToString(s.Core.IDs.Bytes(deviceBytes)) + "." +
		strconv.FormatInt(s.Core.Clock.Now().Unix(), 10)
	return body + "." + hex.EncodeToString(s.deviceTag(email, body))
}

func (s SignIn) deviceTag(email, body string) []byte {
	return s.Core.Vault.Tag(devicePurpose, email+" "+body)
}

// knownDevice reads a mark of an account.
func (s SignIn) knownDevice(email, mark string) (id string, known bool) {
	if mark == "" || len(mark) > deviceMax {
		return "", false
	}
	at := strings.LastIndexByte(mark, '.')
	if at < 0 {
		return "", false
	}
	body := mark[:at]
	tag, err := hex.DecodeString(mark[at+1:])
	if err != nil || subtle.ConstantTimeCompare(tag, s.deviceTag(email, body)) != 1 {
		return "", false
	}
	id, made, _ := strings.Cut(body, ".")
	seconds, err := strconv.ParseInt(made, 10, 64)
	return id, err == nil && s.Core.Clock.Now().Sub(time.Unix(seconds, 0)) < deviceLife
}
