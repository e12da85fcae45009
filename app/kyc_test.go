package app

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"testing"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

var pdf = []byte("%PDF-1.7\n1 0 obj\nendobj\n%%EOF\n")

func picture(t *testing.T) image.Image {
	t.Helper()
	return image.NewGray(image.Rect(0, 0, 8, 8))
}

func pngFile(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, picture(t)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegFile(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, picture(t), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// hugePNG is the header of an image that would unfold to width times height, and nothing more.
func hugePNG(t *testing.T, width, height uint32) []byte {
	t.Helper()
	b := pngFile(t)
	binary.BigEndian.PutUint32(b[16:], width)
	binary.BigEndian.PutUint32(b[20:], height)
	binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
	return b
}

// Rows M01 to M05: a document is what its bytes say, and must be what it was declared to be.
func TestDocumentsAreWhatTheySay(t *testing.T) {
	png, jpeg := pngFile(t), jpegFile(t)
	big := append(bytes.Clone(png), make([]byte, MaxDocumentBytes)...)
	for name, c := range map[string]struct {
		in   DocumentInput
		want string
		err  error
	}{
		"PDF":                 {DocumentInput{"identity", "application/pdf", pdf}, mediaPDF, nil},
		"PNG":                 {DocumentInput{"address", "image/png", png}, mediaPNG, nil},
		"JPEG":                {DocumentInput{"registration", "image/jpeg", jpeg}, mediaJPEG, nil},
		"nothing declared":    {DocumentInput{"other", "", png}, mediaPNG, nil},
		"any bytes declared":  {DocumentInput{"other", "application/octet-stream", pdf}, mediaPDF, nil},
		"10 MB":               {DocumentInput{"other", "image/png", big[:MaxDocumentBytes]}, mediaPNG, nil},
		"40 megapixels":       {DocumentInput{"other", "image/png", hugePNG(t, 8000, 5000)}, mediaPNG, nil},
		"kind":                {DocumentInput{"selfie", "image/png", png}, "", merchant.ErrKYCInvalid},
		"no kind":             {DocumentInput{"", "image/png", png}, "", merchant.ErrKYCInvalid},
		"M01 SVG":             {DocumentInput{"other", "image/svg+xml", []byte("<svg onload='x'/>")}, "", merchant.ErrFileType},
		"M01 HTML":            {DocumentInput{"other", "", []byte("<html>")}, "", merchant.ErrFileType},
		"M01 ZIP":             {DocumentInput{"other", "", []byte("PK\x03\x04")}, "", merchant.ErrFileType},
		"M01 EXE":             {DocumentInput{"other", "", []byte("MZ\x90\x00")}, "", merchant.ErrFileType},
		"M01 script then PDF": {DocumentInput{"other", "", append([]byte("/*"), pdf...)}, "", merchant.ErrFileType},
		"M01 PDF as PNG":      {DocumentInput{"other", "image/png", pdf}, "", merchant.ErrFileType},
		"M02":                 {DocumentInput{"other", "image/png", big[:MaxDocumentBytes+1]}, "", merchant.ErrFileTooLarge},
		"M03":                 {DocumentInput{"other", "image/png", hugePNG(t, 12_000, 12_000)}, "", merchant.ErrImageTooLarge},
		"M03 widest":          {DocumentInput{"other", "image/png", hugePNG(t, 1<<31-1, 1<<31-1)}, "", merchant.ErrFileType},
		"one pixel too many":  {DocumentInput{"other", "image/png", hugePNG(t, 8000, 5001)}, "", merchant.ErrImageTooLarge},
		"M05":                 {DocumentInput{"other", "image/jpeg", png}, "", merchant.ErrFileType},
		"PNG without header":  {DocumentInput{"other", "", png[:8]}, "", merchant.ErrFileType},
		"JPEG without frame":  {DocumentInput{"other", "", jpeg[:4]}, "", merchant.ErrFileType},
		"PDF cut short":       {DocumentInput{"other", "", pdf[:12]}, "", merchant.ErrFileType},
		"empty":               {DocumentInput{"other", "", nil}, "", merchant.ErrFileType},
	} {
		t.Run(name, func(t *testing.T) {
			d := openDesk(t, false)
			w := who(d.register("a@b.example"))
			doc, _, err := d.kyc.Attach(t.Context(), w, c.in, Once[merchant.Document]{})
			if c.err != nil {
				d.fails(err, c.err)
				return
			}
			d.ok(err)
			if doc.MediaType != c.want || doc.Bytes != len(c.in.Content) || doc.Kind != c.in.Kind {
				t.Errorf("document %+v, want %s", doc, c.want)
			}
			_, content, err := d.kyc.Document(t.Context(), w, doc.ID)
			if err != nil || !bytes.Equal(content, c.in.Content) {
				t.Errorf("read back %d bytes, %v", len(content), err)
			}
		})
	}
}

func (d *desk) attach(w merchant.Principal) (merchant.Document, error) {
	doc, _, err := d.kyc.Attach(d.Context(), w, DocumentInput{Kind: "identity", Content: pdf},
		Once[merchant.Document]{})
	return doc, err
}

// What is kept of a document says nothing without the vault.
func TestDocumentsAreKeptSealed(t *testing.T) {
	d := openDesk(t, false)
	w := who(d.register("a@b.example"))
	doc, err := d.attach(w)
	d.ok(err)
	sealed, err := fetch(t.Context(), d.kyc.Core, func(ctx context.Context, r ports.Repos) ([]byte, error) {
		_, sealed, err := r.KYC.Document(ctx, w.Merchant, doc.ID)
		return sealed, err
	})
	if err != nil || !bytes.HasPrefix(sealed, []byte("sealed:"+documentPurpose)) {
		t.Errorf("kept %q, %v", sealed, err)
	}
}

// Row M07.
func TestDocumentsAreBounded(t *testing.T) {
	d := openDesk(t, false)
	w, other := who(d.register("a@b.example")), who(d.register("c@d.example"))
	for range merchant.MaxDocuments {
		_, err := d.attach(w)
		d.ok(err)
	}
	_, err := d.attach(w)
	d.fails(err, merchant.ErrTooManyFiles)
	_, err = d.attach(other)
	d.ok(err)
}

// Rows M07 and M08: nobody else's, and no longer once it lies before the operator.
func TestDocumentsAreReadBackOnlyWhileTheyAreDrafts(t *testing.T) {
	d := openDesk(t, false)
	w, other := who(d.register("a@b.example")), who(d.register("c@d.example"))
	doc, err := d.attach(w)
	d.ok(err)
	_, _, err = d.kyc.Document(t.Context(), other, doc.ID)
	d.fails(err, ports.ErrNotFound)
	said := merchant.KYC{LegalName: "Café", Country: "FR", Kind: "company"}
	_, _, err = d.kyc.Submit(t.Context(), w, said, Once[merchant.KYC]{})
	d.ok(err)
	_, _, err = d.kyc.Document(t.Context(), w, doc.ID)
	d.fails(err, merchant.ErrDocumentSubmitted)
}

// A record waits for the operator once submitted; after a rejection it may be put right, after an
// approval nothing changes.
func TestAKYCRecordsLife(t *testing.T) {
	d := openDesk(t, false)
	w := who(d.register("a@b.example"))
	state := func(want merchant.KYCState) merchant.KYC {
		t.Helper()
		k, err := d.kyc.Get(t.Context(), w)
		d.ok(err)
		if k.State != want {
			t.Errorf("state %s, want %s", k.State, want)
		}
		return k
	}
	operator := Verifications{Core: d.kyc.Core}
	seen := func() string {
		t.Helper()
		v, err := operator.Of(t.Context(), "A@b.example")
		d.ok(err)
		return v.Mark()
	}
	submit := func(k merchant.KYC) error {
		_, _, err := d.kyc.Submit(t.Context(), w, k, Once[merchant.KYC]{})
		return err
	}
	state(merchant.KYCNotStarted)
	d.fails(submit(merchant.KYC{LegalName: "Café", Country: "fr", Kind: "company"}), merchant.ErrKYCInvalid)
	state(merchant.KYCNotStarted)
	good := merchant.KYC{
		LegalName: "Café", Country: "FR", Kind: "company", Registry: "123",
		State: merchant.KYCApproved, MerchantID: "somebody", Note: "approve me",
	}
	d.ok(submit(good))
	if k := state(merchant.KYCPending); k.MerchantID != w.Merchant || k.Note != "" || k.Registry != "123" {
		t.Errorf("record %+v", k)
	}
	d.fails(operator.Reject(t.Context(), "a@b.example", seen(), " "), merchant.ErrKYCReason)
	d.ok(operator.Reject(t.Context(), "a@b.example", seen(), "not legible"))
	if k := state(merchant.KYCRejected); k.Note != "not legible" || k.DecidedAt.IsZero() {
		t.Errorf("record %+v", k)
	}
	d.fails(operator.Approve(t.Context(), "a@b.example", seen()), merchant.ErrKYCNotPending)
	d.ok(submit(good))
	if k := state(merchant.KYCPending); k.Note != "" || !k.DecidedAt.IsZero() {
		t.Errorf("record %+v", k)
	}
	d.ok(operator.Approve(t.Context(), "a@b.example", seen()))
	d.fails(submit(good), merchant.ErrKYCLocked)
	_, err := d.attach(w)
	d.fails(err, merchant.ErrKYCLocked)
	state(merchant.KYCApproved)
}

// An operator decides on what he has seen: whatever the merchant changes meanwhile, he has to look again.
func TestADecisionIsOnWhatWasSeen(t *testing.T) {
	d := openDesk(t, false)
	w := who(d.register("a@b.example"))
	operator := Verifications{Core: d.kyc.Core}
	submit := func(name string) {
		_, _, err := d.kyc.Submit(t.Context(), w, merchant.KYC{LegalName: name, Country: "FR", Kind: "company"},
			Once[merchant.KYC]{})
		d.ok(err)
	}
	submit("Café")
	for _, change := range []func(){
		func() { submit("Another Café") },
		func() {
			_, err := d.attach(w)
			d.ok(err)
		},
	} {
		v, err := operator.Of(t.Context(), "a@b.example")
		d.ok(err)
		change()
		d.fails(operator.Approve(t.Context(), "a@b.example", v.Mark()), merchant.ErrKYCChanged)
		d.fails(operator.Reject(t.Context(), "a@b.example", v.Mark(), "why not"), merchant.ErrKYCChanged)
	}
	waiting, err := operator.Pending(t.Context())
	d.ok(err)
	if len(waiting) != 1 || waiting[0].Record.LegalName != "Another Café" || len(waiting[0].Documents) != 1 {
		t.Fatalf("what waits: %+v", waiting)
	}
	content, err := operator.Content(t.Context(), waiting[0], waiting[0].Documents[0].ID)
	if d.ok(err); !bytes.Equal(content, pdf) {
		t.Errorf("a document of %d bytes", len(content))
	}
	d.ok(operator.Approve(t.Context(), "a@b.example", waiting[0].Mark()))
	if waiting, err = operator.Pending(t.Context()); len(waiting) != 0 || err != nil {
		t.Errorf("what waits: %+v, %v", waiting, err)
	}
	_, err = operator.Of(t.Context(), "nobody@b.example")
	d.fails(err, ports.ErrNotFound)
	log, err := fetch(t.Context(), d.kyc.Core, func(ctx context.Context, r ports.Repos) (ports.JournalPage, error) {
		return r.Journal.Read(ctx, ports.JournalQuery{Merchant: w.Merchant, Limit: 1})
	})
	d.ok(err)
	if e := log.Entries[0]; e.By.Name != "operator" || e.Action != "kyc.approved" || e.After != "state=approved" {
		t.Errorf("the audit log tells %+v", e)
	}
}
