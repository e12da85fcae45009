package graphql

import (
	"errors"
	"mime"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/101pay/101pay/adapters/rest/edge"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
)

// DocumentsPath is where the dashboard sends a document for the account's verification. The body is the
// file itself, and the query's kind says what it shows.
const DocumentsPath = "/dashboard/kyc/documents"

// Documents that one client address may send: a merchant keeps at most merchant.MaxDocuments.
const (
	uploadsPerSecond = 0.5
	uploadsBurst     = 20
)

// BodyLimits are the routes that take more than edge.DefaultBodyLimit, for edge.Options.
func BodyLimits() map[string]int64 {
	return map[string]int64{DocumentsPath: app.MaxDocumentBytes}
}

// mountUploads registers what takes files. They are behind the same gate as everything here, and say what
// is wrong in the words of the other plain endpoints.
func (s *Service) mountUploads(e *gin.Engine, guard *http.CrossOriginProtection) {
	limit := s.Limiter.Limit("dashboard uploads", edge.ByIP, uploadsPerSecond, uploadsBurst)
	e.POST(DocumentsPath, limit, func(c *gin.Context) {
		if guard.Check(c.Request) != nil {
			edge.Fail(c, errOrigin)
			return
		}
		d, err := s.attach(c)
		if err != nil {
			edge.Fail(c, err)
			return
		}
		c.Header("Cache-Control", "no-store")
		c.JSON(http.StatusCreated, gin.H{"document": gin.H{
			"id": d.ID, "kind": d.Kind, "mediaType": d.MediaType, "bytes": d.Bytes,
			"createdAt": d.CreatedAt.UTC().Format(time.RFC3339Nano),
		}})
	})
}

// attach reads a document and keeps it. Nothing of a file is read before it is clear whose it is.
func (s *Service) attach(c *gin.Context) (merchant.Document, error) {
	if _, err := s.Gate(c); err != nil {
		return merchant.Document{}, err
	}
	who, err := s.API.anywhere(c.Request.Context(), member.ManageKYC)
	if err != nil {
		return merchant.Document{}, err
	}
	query, err := edge.Query(c, "kind")
	if err != nil {
		return merchant.Document{}, err
	}
	in := app.DocumentInput{Kind: query.Get("kind")}
	if declared := c.GetHeader("Content-Type"); declared != "" {
		if in.MediaType, _, err = mime.ParseMediaType(declared); err != nil {
			return merchant.Document{}, merchant.ErrFileType
		}
	}
	in.Content, err = edge.RawBody(c)
	if errors.Is(err, edge.ErrBodyTooLarge) {
		err = merchant.ErrFileTooLarge
	}
	if err != nil {
		return merchant.Document{}, err
	}
	d, _, err := s.API.KYC.Attach(c.Request.Context(), who, in, app.Once[merchant.Document]{})
	return d, err
}
