package worker

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
)

// maxLogText bounds what is logged of an error or a stack, in bytes.
const maxLogText = 4 << 10

// reporter logs jobs that failed: their kind and number, never what they carry.
type reporter struct{ log *slog.Logger }

// HandleError implements river.ErrorHandler.
func (r reporter) HandleError(
	ctx context.Context, job *rivertype.JobRow, err error,
) *river.ErrorHandlerResult {
	if ctx.Err() != nil {
		return nil // our own end, not the job's failure
	}
	r.report(ctx, slog.LevelWarn, "job failed", job, slog.String("error", clip(err.Error())))
	return nil
}

// HandlePanic implements river.ErrorHandler.
func (r reporter) HandlePanic(
	ctx context.Context, job *rivertype.JobRow, cause any, trace string,
) *river.ErrorHandlerResult {
	r.report(ctx, slog.LevelError, "job panicked", job,
		slog.String("error", clip(fmt.Sprint(cause))), slog.String("stack", clip(trace)))
	return nil
}

func (r reporter) report(
	ctx context.Context, level slog.Level, what string, job *rivertype.JobRow, more ...slog.Attr,
) {
	r.log.LogAttrs(ctx, level, what, append([]slog.Attr{
		slog.String("kind", job.Kind), slog.Int64("job", job.ID), slog.Int("attempt", job.Attempt),
		slog.Bool("last", job.Attempt >= job.MaxAttempts),
	}, more...)...)
}

func clip(s string) string { return s[:min(len(s), maxLogText)] }

// loud passes on what the queue's library says from warnings up: the rest is its own diary.
type loud struct{ slog.Handler }

// Enabled implements slog.Handler.
func (h loud) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

// WithAttrs implements slog.Handler.
func (h loud) WithAttrs(attrs []slog.Attr) slog.Handler { return loud{h.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (h loud) WithGroup(name string) slog.Handler { return loud{h.Handler.WithGroup(name)} }
