"""What operators see from outside: logs, traces, metrics."""
