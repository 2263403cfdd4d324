"""What `python -m tools.peers` prints."""

from rich.console import Console
from rich.table import Table

from tools.peers.running import Count

HEADINGS = ("tests of", "release", "in their place", "run", "pass with theirs", "pass with ours")
HEADINGS += (
    "skipped",
    "left out",
    "fail with theirs too",
    "fail with ours alone",
    "of these unexplained",
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


def print_table(counts: list[Count]) -> None:
    console = Console()
    table = Table(*HEADINGS)
    for count in counts:
        table.add_row(*row(count))
    console.print(table)
    for count in counts:
        print_reasons(count, console)


def print_reasons(count: Count, console: Console) -> None:
    """Why tests fail with ours alone, which of them nobody knows, and which sentence is needed no more."""
    heading = f"{count.title}, {count.variant}"
    for reason, number in count.of_reason.items():
        console.print(f"{heading}: {number} fail. {reason}", markup=False)
    for test, message in count.unexpected.items():
        console.print(f"{heading}: UNEXPECTED {test}\n    {message}", markup=False)
    for pattern in count.needless:
        console.print(f"{heading}: none fails any more of {pattern}", markup=False)


def print_markdown(counts: list[Count]) -> None:
    lines = [HEADINGS, ["---"] * 3 + ["---:"] * (len(HEADINGS) - 3), *map(row, counts)]
    print(*("| " + " | ".join(line) + " |" for line in lines), sep="\n")
    for count in counts:
        for reason, number in count.of_reason.items():
            print(f"- {count.title}, {count.variant}: {number} of {reason}")
        for test, message in count.unexpected.items():
            print(f"- {count.title}, {count.variant}, unexplained: `{test}`: {message}")
