package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/migrate"

	"github.com/101pay/101pay/migrations"
)

const (
	stepsTable = "schema_migrations"
	stepSuffix = ".up.sql"

	// migrateLimit bounds a whole migration, the wait for another process's included.
	migrateLimit = 10 * time.Minute
	// stepLockLimit bounds the wait of a step for a table in use: everybody else queues behind it.
	stepLockLimit = 10 * time.Second

	undefinedTable = "42P01"
)

// ErrSchemaBehind says that the database lacks a migration this program needs.
var ErrSchemaBehind = errors.New("the database schema is older than this program; run \"101pay migrate\" first")

// Migrate brings the schema and the job queue's tables up to what this program needs. It changes
// nothing that is up to date. Processes that start at once take turns.
func Migrate(ctx context.Context, url string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, migrateLimit)
	defer cancel()
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return errors.New("DATABASE_URL is not a PostgreSQL connection string") // it holds a password
	}
	config.ConnectTimeout = connectLimit
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	turn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer func() { err = errors.Join(err, turn.Close(context.WithoutCancel(ctx))) }()
	if _, err := turn.Exec(ctx, "SELECT pg_advisory_lock($1)", lockKey("migrate", "")); err != nil {
		return fmt.Errorf("migrate: wait for the turn: %w", err)
	}
	config = config.Copy()
	limits(config, map[string]time.Duration{"lock_timeout": stepLockLimit})
	db := bun.NewDB(stdlib.OpenDB(*config), pgdialect.New())
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := runSteps(ctx, db); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	queue, err := queueMigrator(db)
	if err == nil {
		_, err = queue.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	if err != nil {
		return fmt.Errorf("migrate the job queue: %w", err)
	}
	return nil
}

func runSteps(ctx context.Context, db *bun.DB) error {
	steps := migrate.NewMigrations()
	names, err := stepNames()
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := fs.ReadFile(migrations.Files, name+stepSuffix)
		if err != nil {
			return err
		}
		steps.Add(migrate.Migration{Name: name, Up: step(string(text))})
	}
	migrator := migrate.NewMigrator(db, steps, migrate.WithTableName(stepsTable),
		migrate.WithLocksTableName(stepsTable+"_locks"), // it insists on one; ours is the advisory lock
		migrate.WithMarkAppliedOnSuccess(true), migrate.WithUpsert(true))
	if err := migrator.Init(ctx); err != nil {
		return err
	}
	_, err = migrator.Migrate(ctx)
	return err
}

// step runs a migration and notes it in one transaction, so that a crash leaves both or neither. The
// migrator notes it once more, which changes nothing.
func step(text string) func(context.Context, *migrate.Migrator, *migrate.Migration) error {
	return func(ctx context.Context, m *migrate.Migrator, s *migrate.Migration) error {
		return m.DB().RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			if _, err := tx.Tx.ExecContext(ctx, text); err != nil {
				return err
			}
			_, err := tx.Tx.ExecContext(ctx,
				"INSERT INTO "+stepsTable+" (name, group_id) VALUES ($1, $2)", s.Name, s.GroupID)
			return err
		})
	}
}

// stepNames lists the migrations this program knows, in order.
func stepNames() ([]string, error) {
	files, err := fs.Glob(migrations.Files, "*"+stepSuffix)
	if err != nil {
		return nil, err
	}
	for i := range files {
		files[i] = strings.TrimSuffix(path.Base(files[i]), stepSuffix)
	}
	return files, nil
}

func queueMigrator(db *bun.DB) (*rivermigrate.Migrator[*sql.Tx], error) {
	return rivermigrate.New(riverdatabasesql.New(db.DB), &rivermigrate.Config{
		Logger: slog.New(slog.DiscardHandler),
	})
}

// SchemaBehind reports whether the database lacks a migration this program needs. One that has more
// is fine: every step leaves the version before able to work.
func (s *Store) SchemaBehind(ctx context.Context) (bool, error) {
	missing, err := s.missingStep(ctx)
	return missing != "", err
}

// checkSchema fails with ErrSchemaBehind, naming what is missing.
func (s *Store) checkSchema(ctx context.Context) error {
	missing, err := s.missingStep(ctx)
	if err != nil {
		return fmt.Errorf("look at the schema: %w", err)
	}
	if missing != "" {
		return fmt.Errorf("%w (%s is missing)", ErrSchemaBehind, missing)
	}
	return nil
}

type stepRow struct{ Name string }

// missingStep names a migration the database lacks, "" if none.
func (s *Store) missingStep(ctx context.Context) (string, error) {
	wanted, err := stepNames()
	if err != nil {
		return "", err
	}
	applied, err := all[stepRow](ctx, s.in(), "SELECT name FROM "+stepsTable)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == undefinedTable {
		return wanted[0], nil
	}
	if err != nil {
		return "", err
	}
	has := make(map[string]bool, len(applied))
	for _, row := range applied {
		has[row.Name] = true
	}
	for _, name := range wanted {
		if !has[name] {
			return name, nil
		}
	}
	queue, err := queueMigrator(s.db)
	if err != nil {
		return "", err
	}
	valid, err := queue.Validate(ctx, nil)
	if err != nil {
		return "", translate(err)
	}
	if !valid.OK {
		return "the job queue: " + strings.Join(valid.Messages, ", "), nil
	}
	return "", nil
}
