package app

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"image/png"

	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Bounds of a document.
const (
	MaxDocumentBytes = 10 << 20
	maxImagePixels   = 40_000_000
	pdfTrailerBytes  = 1024 // how far from its end a PDF must say that it ends
)

// Media types a document may have.
const (
	mediaPDF  = "application/pdf"
	mediaJPEG = "image/jpeg"
	mediaPNG  = "image/png"
)

// documentPurpose is what documents are sealed for.
const documentPurpose = "kyc document"

// KYC takes what a merchant says and shows about himself. Nobody is approved here: that is the
// operator's doing.
type KYC struct {
	Core Core
}

// Get is the merchant's record; one who said nothing yet has state merchant.KYCNotStarted.
func (s KYC) Get(ctx context.Context, who merchant.Principal) (merchant.KYC, error) {
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (merchant.KYC, error) {
		return r.KYC.Load(ctx, who.Merchant)
	})
}

// Submit replaces what the merchant says about himself and puts it before the operator.
func (s KYC) Submit(
	ctx context.Context, who merchant.Principal, said merchant.KYC, once Once[merchant.KYC],
) (merchant.KYC, *ports.Answer, error) {
	now := ledger.Instant(s.Core.Clock.Now())
	return run(ctx, s.Core, ownScope(who), once, noted(s.Core, who, func(k merchant.KYC) deed {
		return deed{"kyc.submitted", string(k.MerchantID), "", "state=" + string(k.State)}
	},
		func(ctx context.Context, r ports.Repos) (merchant.KYC, error) {
			k, err := r.KYC.Load(ctx, who.Merchant)
			if err != nil {
				return merchant.KYC{}, err
			}
			k.MerchantID = who.Merchant
			k.LegalName, k.Country, k.Kind, k.Registry = said.LegalName, said.Country, said.Kind, said.Registry
			if k, err = k.Submit(now); err != nil {
				return merchant.KYC{}, err
			}
			return k, r.KYC.Save(ctx, k)
		}))
}

// DocumentInput is a file as it was sent. Its name is of no interest.
type DocumentInput struct {
	Kind      string
	MediaType string // as declared, "" if nothing was
	Content   []byte
}

// Attach keeps a document, sealed. What it is, is read from its first bytes, and must be what it was
// declared to be.
func (s KYC) Attach(
	ctx context.Context, who merchant.Principal, in DocumentInput, once Once[merchant.Document],
) (merchant.Document, *ports.Answer, error) {
	found, err := inspect(in)
	if err != nil {
		return merchant.Document{}, nil, err
	}
	sealed, err := s.Core.Vault.Seal(documentPurpose, in.Content)
	if err != nil {
		return merchant.Document{}, nil, err
	}
	doc := merchant.Document{
		ID: s.Core.IDs.UUID(), MerchantID: who.Merchant, Kind: in.Kind, MediaType: found,
		Bytes: len(in.Content), CreatedAt: ledger.Instant(s.Core.Clock.Now()),
	}
	return run(ctx, s.Core, ownScope(who), once, noted(s.Core, who, func(d merchant.Document) deed {
		return deed{"kyc.document_added", d.ID, "", "kind=" + d.Kind}
	},
		func(ctx context.Context, r ports.Repos) (merchant.Document, error) {
			k, err := r.KYC.Load(ctx, who.Merchant)
			if err != nil {
				return merchant.Document{}, err
			}
			if k.State == merchant.KYCApproved {
				return merchant.Document{}, merchant.ErrKYCLocked
			}
			return doc, r.KYC.AddDocument(ctx, doc, sealed)
		}))
}

// inspect answers what a document is. Images are never decoded: their headers say how large they
// are, and a small file can unfold to more memory than there is.
func inspect(in DocumentInput) (string, error) {
	switch in.Kind {
	case "identity", "registration", "address", "other":
	default:
		return "", merchant.ErrKYCInvalid.About("kind").Saying(
			"kind must be \"identity\", \"registration\", \"address\" or \"other\"")
	}
	if len(in.Content) > MaxDocumentBytes {
		return "", merchant.ErrFileTooLarge
	}
	found := sniff(in.Content)
	// A client that declares nothing sends no type, or that of any bytes.
	declared := in.MediaType != "" && in.MediaType != "application/octet-stream"
	if found == "" || declared && in.MediaType != found {
		return "", merchant.ErrFileType
	}
	var size image.Config
	var err error
	switch found {
	case mediaPNG:
		size, err = png.DecodeConfig(bytes.NewReader(in.Content))
	case mediaJPEG:
		size, err = jpeg.DecodeConfig(bytes.NewReader(in.Content))
	case mediaPDF:
		return found, nil
	}
	if err != nil {
		return "", merchant.ErrFileType
	}
	if int64(size.Width)*int64(size.Height) > maxImagePixels {
		return "", merchant.ErrImageTooLarge
	}
	return found, nil
}

// sniff knows a document by its first bytes, "" if it is none of those we take. They must be the
// very first: what has something before them is something else to some other reader.
func sniff(content []byte) string {
	tail := content[max(0, len(content)-pdfTrailerBytes):]
	switch {
	case bytes.HasPrefix(content, []byte("%PDF-")) && bytes.Contains(tail, []byte("%%EOF")):
		return mediaPDF
	case bytes.HasPrefix(content, []byte("\xff\xd8\xff")):
		return mediaJPEG
	case bytes.HasPrefix(content, []byte("\x89PNG\r\n\x1a\n")):
		return mediaPNG
	}
	return ""
}

// Documents lists the merchant's documents, oldest first.
func (s KYC) Documents(ctx context.Context, who merchant.Principal) ([]merchant.Document, error) {
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) ([]merchant.Document, error) {
		return r.KYC.Documents(ctx, who.Merchant)
	})
}

// Document is a document with its content, for as long as the record is not submitted: what the
// operator looks at is not for whoever gets hold of a login (merchant.ErrDocumentSubmitted).
func (s KYC) Document(
	ctx context.Context, who merchant.Principal, id string,
) (merchant.Document, []byte, error) {
	var sealed []byte
	doc, err := fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (d merchant.Document, err error) {
		if d, sealed, err = r.KYC.Document(ctx, who.Merchant, id); err != nil {
			return merchant.Document{}, err
		}
		k, err := r.KYC.Load(ctx, who.Merchant)
		if err != nil {
			return merchant.Document{}, err
		}
		if k.State == merchant.KYCPending || k.State == merchant.KYCApproved {
			return merchant.Document{}, merchant.ErrDocumentSubmitted
		}
		return d, nil
	})
	if err != nil {
		return merchant.Document{}, nil, err
	}
	content, err := s.Core.Vault.Open(documentPurpose, sealed)
	return doc, content, err
}
