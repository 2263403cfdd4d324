"""``boostloss`` and ``python -m boostloss``: the command line, which can be interrupted while it is loaded."""

import signal

from boostloss.compare.interrupts import interrupts


def main() -> None:
    """Load the command line, which takes seconds, and run it."""
    try:
        with interrupts:
            from boostloss.compare.cli import app

            app()
    finally:  # nothing is left to tidy up: Ctrl-C while Python ends is no traceback either
        signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    main()
