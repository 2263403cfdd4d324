"""What boosting asks of a loss, and what the adapters of the libraries have in common."""
