package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/101pay/101pay/adapters/postgres"
	"github.com/101pay/101pay/adapters/system"
	"github.com/101pay/101pay/adapters/vault"
	"github.com/101pay/101pay/app"
	"github.com/101pay/101pay/ports"
)

// documentMode is for the operator's eyes alone.
const documentMode = 0o600

// kycCommand is how an operator decides on verifications. Nothing but this moves one out of pending.
type kycCommand struct {
	List    listKYCCommand    `cmd:"" help:"list what waits for a decision, the longest waiting first"`
	Show    showKYCCommand    `cmd:"" help:"show a record, and write its documents into a directory"`
	Approve approveKYCCommand `cmd:"" help:"approve what you were shown; it cannot be changed from then on"`
	Reject  rejectKYCCommand  `cmd:"" help:"send what you were shown back, with what has to be corrected"`
}

type listKYCCommand struct{}

// Run implements the command.
func (listKYCCommand) Run(p process, c *Config) error {
	return withVerifications(p, c, func(s app.Verifications) error {
		waiting, err := s.Pending(p.ctx)
		if err != nil {
			return err
		}
		if len(waiting) == 0 {
			_, err = fmt.Fprintln(p.stdout, "nothing waits for a decision")
			return err
		}
		out := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		_, _ = fmt.Fprintln(out, "submitted\te-mail\tname\tcountry\tkind\tdocuments") // told by Flush
		for _, v := range waiting {
			_, _ = fmt.Fprintf(out, "%s\t%s\t%q\t%s\t%s\t%d\n", v.Record.SubmittedAt.UTC().Format(time.RFC3339),
				v.Merchant.Email, v.Record.LegalName, v.Record.Country, v.Record.Kind, len(v.Documents))
		}
		return out.Flush()
	})
}

type showKYCCommand struct {
	Email     string `arg:"" help:"the address the account was opened with"`
	Documents string `help:"directory to write the documents into, readable by you alone" type:"path"`
}

// Run implements the command.
func (r showKYCCommand) Run(p process, c *Config) error {
	return withVerifications(p, c, func(s app.Verifications) error {
		v, err := s.Of(p.ctx, r.Email)
		if err != nil {
			return err
		}
		k := v.Record
		var text strings.Builder
		for _, line := range [][2]string{
			{"state", string(k.State)},
			{"e-mail", v.Merchant.Email},
			{"name", fmt.Sprintf("%q", k.LegalName)},
			{"country", k.Country},
			{"kind", k.Kind},
			{"registry", fmt.Sprintf("%q", k.Registry)},
			{"submitted", instantText(k.SubmittedAt)},
			{"decided", instantText(k.DecidedAt)},
			{"reason", fmt.Sprintf("%q", k.Note)},
			{"mark", v.Mark()},
		} {
			_, _ = fmt.Fprintf(&text, "%-10s %s\n", line[0], line[1]) // a builder never refuses
		}
		for _, d := range v.Documents {
			_, _ = fmt.Fprintf(&text, "%-10s %s %s, %d bytes\n", "document", d.Kind, d.MediaType, d.Bytes)
		}
		if _, err := fmt.Fprint(p.stdout, text.String()); err != nil || r.Documents == "" {
			return err
		}
		return r.write(p, s, v)
	})
}

func instantText(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

// write puts the documents of a record into files that were not there before.
func (r showKYCCommand) write(p process, s app.Verifications, v app.Verification) error {
	if err := os.MkdirAll(r.Documents, dataDirMode); err != nil {
		return err
	}
	for i, d := range v.Documents {
		content, err := s.Content(p.ctx, v, d.ID)
		if err != nil {
			return fmt.Errorf("document %d: %w", i+1, err)
		}
		_, ending, _ := strings.Cut(d.MediaType, "/")
		name := filepath.Join(r.Documents, fmt.Sprintf("%s-%02d-%s.%s", v.Merchant.ClientID, i+1, d.Kind, ending))
		file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, documentMode)
		if err != nil {
			return err
		}
		_, err = file.Write(content)
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
		if _, err := fmt.Fprintln(p.stdout, "written    "+name); err != nil {
			return err
		}
	}
	return nil
}

type approveKYCCommand struct {
	Email string `arg:"" help:"the address the account was opened with"`
	Mark  string `arg:"" help:"the mark that \"kyc show\" printed: the decision is on what you saw"`
}

// Run implements the command.
func (r approveKYCCommand) Run(p process, c *Config) error {
	return withVerifications(p, c, func(s app.Verifications) error {
		if err := s.Approve(p.ctx, r.Email, r.Mark); err != nil {
			return err
		}
		_, err := fmt.Fprintln(p.stdout, "approved")
		return err
	})
}

type rejectKYCCommand struct {
	Email  string `arg:"" help:"the address the account was opened with"`
	Mark   string `arg:"" help:"the mark that \"kyc show\" printed: the decision is on what you saw"`
	Reason string `arg:"" help:"what the merchant has to correct; he reads it"`
}

// Run implements the command.
func (r rejectKYCCommand) Run(p process, c *Config) error {
	return withVerifications(p, c, func(s app.Verifications) error {
		if err := s.Reject(p.ctx, r.Email, r.Mark, r.Reason); err != nil {
			return err
		}
		_, err := fmt.Fprintln(p.stdout, "sent back")
		return err
	})
}

// withVerifications does work on the verifications of a gateway, which may be running. It needs the key that
// seals documents, and makes none.
func withVerifications(p process, c *Config, work func(app.Verifications) error) error {
	if _, err := os.Stat(c.DataDir); c.MasterKey == "" && err != nil {
		return fmt.Errorf("the master key is not here; set MASTER_KEY or DATA_DIR as the gateway has it: %w", err)
	}
	master, err := masterKey(c)
	if err != nil {
		return err
	}
	db, stop, err := borrowDatabase(p.ctx, c, logger(p, c))
	if err != nil {
		return err
	}
	defer stop()
	store, err := postgres.Open(p.ctx, postgres.Config{URL: db.URL, MaxConns: c.DBMaxConns})
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	err = work(app.Verifications{Core: app.Core{
		Work: store, Clock: system.Clock{}, IDs: system.IDs{}, Vault: vault.New(master),
	}})
	if errors.Is(err, ports.ErrNotFound) {
		return errors.New("no account was opened with this address; \"101pay kyc list\" tells whose record waits")
	}
	return err
}
