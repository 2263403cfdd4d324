"""What maintainers run, each by `python -m tools.NAME`."""
