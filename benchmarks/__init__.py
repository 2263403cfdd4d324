"""Scripts that measure what the documentation claims, each started by `python -m benchmarks.NAME`."""
