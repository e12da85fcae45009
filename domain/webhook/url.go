package webhook

import (
	"strings"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/weburl"
)

// CheckURL refuses a URL we shall not send to and answers the others re-serialised.
//
// allowPrivate (the operator's WEBHOOK_ALLOW_PRIVATE, for development) also admits http, any port,
// names without a dot and addresses that are not public.
//
// What a public name resolves to is not known here: the sender looks when it dials.
func CheckURL(raw string, allowPrivate bool) (string, error) {
	u, err := weburl.Parse(raw)
	if err != nil {
		return "", because(fault.From(err))
	}
	if strings.HasSuffix(u.Host, ".") {
		return "", ErrInvalidURL
	}
	if allowPrivate {
		return u.String(), nil
	}
	addr, isAddress := u.Address()
	switch {
	case u.Scheme != "https":
		return "", because(weburl.ErrScheme)
	case u.Port != 0:
		return "", because(weburl.ErrPort)
	case isAddress && !PublicAddress(addr), !isAddress && !u.PublicName():
		return "", ErrInvalidURL
	}
	return u.String(), nil
}

// because is our own fault with the grammar's as its reason.
func because(why *fault.Fault) error {
	if why.Code == weburl.ErrInvalid.Code {
		return ErrInvalidURL
	}
	return ErrInvalidURL.Because(why.Code).Saying(why.Message)
}
