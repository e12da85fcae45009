// Package migrations is the database schema, as the steps that led to it.
//
// It owns the SQL and embeds it. It does not own running it (adapters/postgres), nor the tables of the
// job queue, which come with their library and are migrated in the same run.
//
// Invariants: steps are forward only and never edited once released; each is run in one transaction
// together with the note that it ran; the version before must work on the schema after. schema.sql is
// the sum of all steps, generated for reading.
package migrations

import "embed"

// Files holds the steps, NNNN_noun.up.sql, to be run in the order of their names.
//
//go:embed *.up.sql
var Files embed.FS
