"""What `python -m tools.peers` prints."""

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from tools.peers.running import Count

HEADINGS = (
    *("tests of", "release", "ours with", "run", "pass with theirs", "pass with ours"),
    *("skipped", "left out", "fail with theirs too", "fail with ours alone", "unexplained"),
)


def row(count: Count) -> list[str]:
    """The numbers of a variant."""
    ours = count.ours
    explained = count.of_reason.total()
    unexplained = len(count.unexpected)
    numbers = [
        *(ours["passed"] + ours["failed"], count.theirs["passed"], ours["passed"]),
        *(ours["skipped"], ours["left out"], count.with_theirs_too),
        *(explained + unexplained, unexplained),
    ]
    return [count.title, count.release[:12], count.variant, *map(str, numbers)]


def notes(count: Count) -> Iterator[str]:
    """Why tests fail with ours alone, which of them nobody knows, and which sentence is needed no more."""
    heading = f"{count.title} with {count.variant}"
    for reason, number in count.of_reason.items():
        yield f"{heading}: {number}. {reason}"
    for test, message in count.unexpected.items():
        yield f"{heading}, UNEXPLAINED: {test}: {message}"
    for pattern in count.needless:
        yield f"{heading}: none fails any more of {pattern}"


def print_table(counts: list[Count]) -> None:
    console = Console()
    table = Table(*HEADINGS)
    for count in counts:
        table.add_row(*row(count))
    console.print(table)
    for count in counts:
        for note in notes(count):
            console.print(note, markup=False)


def print_markdown(counts: list[Count]) -> None:
    lines = [HEADINGS, ["---"] * 3 + ["---:"] * (len(HEADINGS) - 3), *map(row, counts)]
    print(*("| " + " | ".join(line) + " |" for line in lines), sep="\n", end="\n\n")
    for count in counts:
        for note in notes(count):
            print(f"- {note}")
