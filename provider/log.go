package provider

import (
	"context"
	"log/slog"
	"runtime"
	"strings"
)

// libraryPath begins the name of every function of the OpenID Provider library.
const libraryPath = "github.com/zitadel/oidc/"

// WithoutLibrary returns a handler that drops what the OpenID Provider library logs and hands on
// everything else. The library writes to slog.Default alone, a line for every route and every
// refused request, and what it would report is already reported here.
func WithoutLibrary(next slog.Handler) slog.Handler { return quiet{next} }

type quiet struct{ slog.Handler }

func (q quiet) Handle(ctx context.Context, r slog.Record) error {
	frame, _ := runtime.CallersFrames([]uintptr{r.PC}).Next()
	if strings.HasPrefix(frame.Function, libraryPath) {
		return nil
	}
	return q.Handler.Handle(ctx, r)
}

func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }
func (q quiet) WithGroup(name string) slog.Handler       { return quiet{q.Handler.WithGroup(name)} }
