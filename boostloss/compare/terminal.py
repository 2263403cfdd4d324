"""What the terminal shows: tables that fit its width, and streams that end no run."""

import contextlib
import os
import re
import sys
from typing import IO, Any, Literal, cast

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table as Grid

from boostloss.compare import outcome, wording
from boostloss.compare.outcome import Column
from boostloss.compare.results import Results

OUTCOME_STYLES = {"better": "green", "level": "", "worse": "yellow"}
GAP = 2  # between two columns, and at both edges together
PLAIN_WIDTH = 130  # of a table that goes to a file or a pipe
# Control characters, what reverses the direction of writing, and halves of characters: bytes that are no UTF-8.
UNSHOWN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class Stream:
    """A standard stream; what it cannot take, as the pipe is closed or the disk full, goes nowhere.

    Attributes
    ----------
    error : OSError or None
        Why it has taken no more.
    """

    def __init__(self, file: Any) -> None:
        self.file = file
        self.error: OSError | None = None
        if hasattr(file, "reconfigure"):  # one that cannot say "≈" shall not end a long run
            file.reconfigure(errors="replace")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def write(self, text: str) -> int:
        if self.error is None:
            with self._caught():
                return int(self.file.write(text))
        return len(text)

    def flush(self) -> None:
        if self.error is None:
            with self._caught():
                self.file.flush()

    @contextlib.contextmanager
    def _caught(self) -> Any:
        try:
            yield
        except OSError as error:
            self.error = error
            with contextlib.suppress(OSError):  # Python flushes it once more when it ends
                os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())


def open_consoles() -> tuple[Console, Console]:
    """For the outcome and for all else, on standard output and standard error."""
    output = Console(file=cast(IO[str], Stream(sys.stdout)), highlight=False)
    if not output.is_terminal and "COLUMNS" not in os.environ:
        output.width = PLAIN_WIDTH
    status = Console(file=cast(IO[str], Stream(sys.stderr)), highlight=False)
    status.soft_wrap = not status.is_terminal
    return output, status


def trouble(console: Console) -> str:
    """Why the console has not shown everything, empty if it has; that nobody reads on is no trouble."""
    error = cast(Stream, console.file).error
    return "" if error is None or isinstance(error, BrokenPipeError) else str(error.strerror)


def plain(text: str) -> str:
    """The text with nothing in it that a terminal or rich takes for more than text."""
    return escape(UNSHOWN.sub("\ufffd", text))


def show(results: Results, console: Console) -> None:
    """The tables, and the winners in words."""
    for quantile in results.groups:
        if rows := results.rows(quantile):
            styles = [
                "bold green" if row.place == "best" else "" if row.candidate.own else "cyan"
                for row in rows
            ]
            console.print(f"[bold]{plain(wording.title(results, quantile))}[/]")
            console.print(_grid(outcome.ranking(results, quantile), styles, console.width))
    if not results.finished:
        return
    legend = wording.legend(wording.LEGEND, results, results.groups)
    console.print(f"[dim]{legend}[/]")
    for sentence in wording.dropped(results):
        console.print(f"[dim]{plain(sentence)}[/]")
    console.print()
    if verdicts := results.verdicts():
        styles = [OUTCOME_STYLES[outcome.outcome_kind(verdict)] for verdict in verdicts]
        console.print(f"[bold]{wording.VERDICTS}[/]")
        console.print(_grid(outcome.verdicts(results, verdicts), styles, console.width))
        judged = [verdict.quantile for verdict in verdicts]
        console.print(f"[dim]{wording.legend(wording.VERDICT_LEGEND, results, judged)}[/]\n")
    console.print(f"[bold]{plain(wording.answer(results))}[/]")
    if code := wording.snippet(results):
        console.print(f"\nThe best loss of boostloss:\n[cyan]{plain(code)}[/]", soft_wrap=True)


def _grid(shown: list[Column], styles: list[str], width: int) -> Grid:
    """A table without the columns that the width has no room for."""
    while _width(shown) > width and (rank := max(column.rank for column in shown)):
        shown = [column for column in shown if column.rank < rank]
    grid = Grid(box=SIMPLE_HEAD, collapse_padding=True, pad_edge=False)
    for column in shown:
        justify: Literal["left", "right"] = "right" if column.number else "left"
        # What is still too wide loses the end of a name, never a digit.
        fixed = column.number or not column.heading
        grid.add_column(column.heading, justify=justify, no_wrap=fixed, overflow="ellipsis")
    for style, *cells in zip(styles, *(column.cells for column in shown), strict=True):
        grid.add_row(*map(plain, cells), style=style)
    return grid


def _width(shown: list[Column]) -> int:
    cells = (max(map(cell_len, [column.heading, *column.cells])) for column in shown)
    return sum(cells) + GAP * len(shown)
