package merchant

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/fault"
)

// KYCState is where a merchant's verification stands.
type KYCState string

// The states. Only an operator moves a record out of pending.
const (
	KYCNotStarted KYCState = "not_started"
	KYCPending    KYCState = "pending"
	KYCApproved   KYCState = "approved"
	KYCRejected   KYCState = "rejected"
)

// KYC is what a merchant told about himself.
type KYC struct {
	MerchantID  ID
	State       KYCState
	LegalName   string
	Country     string // ISO 3166-1 alpha-2
	Kind        string // "individual" or "company"
	Registry    string // registration number, "" for individuals
	Note        string // the operator's words on a rejection
	SubmittedAt time.Time
	DecidedAt   time.Time
}

// Faults of KYC.
var (
	ErrKYCInvalid = fault.New(fault.Invalid, "invalid_kyc",
		"legalName (1-200 characters), country (two capital letters) and kind (\"individual\" or \"company\") are required")
	ErrKYCLocked = fault.New(fault.Conflict, "kyc_locked",
		"this record is approved and cannot be changed; contact the operator")
	ErrTooManyFiles = fault.New(fault.Conflict, "too_many_files",
		"at most 10 documents can be attached")
	ErrFileType = fault.New(fault.Unsupported, "unsupported_file_type",
		"a document must be a PDF, JPEG or PNG file, and be what it says it is").About("file")
	ErrFileTooLarge = fault.New(fault.TooLarge, "file_too_large",
		"a document may have at most 10 MB").About("file")
	ErrImageTooLarge = fault.New(fault.Invalid, "image_too_large",
		"an image may have at most 40 megapixels").About("file")
	ErrDocumentSubmitted = fault.New(fault.Forbidden, "forbidden",
		"a submitted document can no longer be downloaded")
	ErrKYCNotPending = fault.New(fault.Conflict, "kyc_not_pending",
		"this record does not wait for a decision")
	ErrKYCChanged = fault.New(fault.Conflict, "kyc_changed",
		"the merchant changed the record since you looked; look at it again")
	ErrKYCReason = fault.New(fault.Invalid, "invalid_kyc_reason",
		"say in 1 to 500 characters what the merchant has to correct").About("reason")
)

// Bounds of a decision.
const (
	maxReasonRunes = 500
	markBytes      = 6
)

// MaxDocuments is how many files a merchant may attach.
const MaxDocuments = 10

// Validate checks what the merchant wrote; state is not looked at.
func (k KYC) Validate() error {
	switch {
	case k.LegalName == "" || len([]rune(k.LegalName)) > 200:
		return ErrKYCInvalid.About("legalName")
	case len(k.Country) != 2 || k.Country[0] < 'A' || k.Country[0] > 'Z' || k.Country[1] < 'A' || k.Country[1] > 'Z':
		return ErrKYCInvalid.About("country")
	case k.Kind != "individual" && k.Kind != "company":
		return ErrKYCInvalid.About("kind")
	case len([]rune(k.Registry)) > 100:
		return ErrKYCInvalid.About("registryNumber")
	}
	return nil
}

// Submit moves a record to pending. An approved record stays as it is.
func (k KYC) Submit(now time.Time) (KYC, error) {
	if k.State == KYCApproved {
		return KYC{}, ErrKYCLocked
	}
	if err := k.Validate(); err != nil {
		return KYC{}, err
	}
	k.State, k.SubmittedAt, k.DecidedAt, k.Note = KYCPending, now, time.Time{}, ""
	return k, nil
}

// Approve ends a pending record well. Nothing of it can be changed from then on.
func (k KYC) Approve(now time.Time) (KYC, error) {
	if k.State != KYCPending {
		return KYC{}, ErrKYCNotPending
	}
	k.State, k.DecidedAt = KYCApproved, now
	return k, nil
}

// Reject sends a pending record back, with what the merchant has to correct.
func (k KYC) Reject(reason string, now time.Time) (KYC, error) {
	if k.State != KYCPending {
		return KYC{}, ErrKYCNotPending
	}
	if reason = strings.TrimSpace(reason); reason == "" || len([]rune(reason)) > maxReasonRunes {
		return KYC{}, ErrKYCReason
	}
	k.State, k.DecidedAt, k.Note = KYCRejected, now, reason
	return k, nil
}

// Mark is a short name of exactly this record with these documents: whoever decides by it decides on
// what he has seen.
func (k KYC) Mark(of []Document) string {
	sum := sha256.New()
	for _, part := range []string{
		string(k.MerchantID), string(k.State), k.LegalName, k.Country, k.Kind, k.Registry, k.SubmittedAt.UTC().String(),
	} {
		_, _ = fmt.Fprintf(sum, "%d:%s", len(part), part) // a hash never refuses a write
	}
	for _, d := range of {
		_, _ = fmt.Fprintf(sum, "%d:%s", len(d.ID), d.ID)
	}
	return hex.EncodeToString(sum.Sum(nil)[:markBytes])
}

// Document is a file a merchant attached. Its content is kept sealed.
type Document struct {
	ID         string
	MerchantID ID
	Kind       string // "identity", "registration", "address", "other"
	MediaType  string // as found in the bytes, never as declared
	Bytes      int
	CreatedAt  time.Time
}
