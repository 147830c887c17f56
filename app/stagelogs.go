package app

import (
	"fmt"
	"io"
	"time"

	"drawbridge/dataplane/gateway"
	"drawbridge/dataplane/telemetry"
)

// stageLogs are where stages' access logs, execution logs and traces go.
type stageLogs struct {
	access, execution *telemetry.Sinks
	spans             *telemetry.Spans // nil: nowhere
}

// checkLogs looks at the form of the settings only.
func (c *Config) checkLogs() error {
	if err := telemetry.CheckSinks(c.APIAccessLog); err != nil {
		return fmt.Errorf("--api-access-log %w", err)
	}
	if err := telemetry.CheckSinks(c.APIExecutionLog); err != nil {
		return fmt.Errorf("--api-execution-log %w", err)
	}
	if c.OTLPEndpoint == "" {
		return nil
	}
	if err := telemetry.CheckCollector(c.OTLPEndpoint); err != nil {
		return fmt.Errorf("--otlp-endpoint %w", err)
	}
	return nil
}

// openStageLogs opens them; without a setting they go nowhere.
func (a *App) openStageLogs() error {
	stdout := a.config.Stdout
	if stdout == nil {
		stdout = io.Discard
	}
	var err error
	if a.stageLogs.access, err = telemetry.NewSinks(telemetry.SinkOptions{Specs: a.config.APIAccessLog, Stdout: stdout}); err != nil {
		return fmt.Errorf("--api-access-log: %w", err)
	}
	a.closers = append(a.closers, a.stageLogs.access.Close)
	if a.stageLogs.execution, err = telemetry.NewSinks(telemetry.SinkOptions{Specs: a.config.APIExecutionLog, Stdout: stdout}); err != nil {
		return fmt.Errorf("--api-execution-log: %w", err)
	}
	a.closers = append(a.closers, a.stageLogs.execution.Close)
	if a.config.OTLPEndpoint != "" {
		if a.stageLogs.spans, err = telemetry.NewSpans(a.config.OTLPEndpoint); err != nil {
			return fmt.Errorf("--otlp-endpoint %w", err)
		}
		a.closers = append(a.closers, a.stageLogs.spans.Close)
	}
	a.metrics.Gauge("drawbridge_stage_logs_dropped", "Log lines and spans of stages lost because their place was too slow or failed.", func() float64 {
		dropped := a.stageLogs.access.Dropped() + a.stageLogs.execution.Dropped()
		if a.stageLogs.spans != nil {
			dropped += a.stageLogs.spans.Dropped()
		}
		return float64(dropped)
	})
	return nil
}

// attach has the gateway write to them.
func (l *stageLogs) attach(o *gateway.Options) {
	if !l.access.Empty() {
		o.AccessLog = func(destination string, line []byte) {
			if lines := l.access.For(destination); lines != nil {
				lines.Add(func(b []byte) []byte { return append(b, line...) })
			}
		}
	}
	if !l.execution.Empty() {
		o.ExecutionLog = func(group string, at time.Time, messages []string) {
			if lines := l.execution.For(group); lines != nil {
				lines.WriteEvents(group, at, messages)
			}
		}
	}
	if l.spans != nil {
		o.Span = l.spans.Send
	}
}
