"""``boostloss losses``: the losses by situation, and what there is to know of one."""

from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from boostloss.compare import terminal
from boostloss.losses import finding, guide
from boostloss.losses.entries import LIBRARIES, SITUATIONS, Entry

UNKNOWN = 2  # exit code of a name that there is not, as for a bad option


def losses(
    name: Annotated[
        str | None,
        typer.Argument(
            help="Of a loss, such as Huber, or what a library calls it, such as reg:tweedie."
        ),
    ] = None,
) -> None:
    """Which losses are there, and what is each of them for?

    Without a name: all of them, by situation.
    """
    console, status = terminal.open_consoles()
    if name is None:
        show_all(console)
        return
    found = finding.find(name)
    if not found:
        near = " or ".join(finding.near(name))
        hint = f"; did you mean {near}?" if near else "."
        status.print(
            f"[bold red]error:[/] there is no loss {terminal.plain(repr(name))}{hint} "
            "`boostloss losses` lists all of them."
        )
        raise typer.Exit(UNKNOWN)
    for entry in found:
        show(entry, console)


def show_all(console: Console) -> None:
    """A table of the losses, by situation."""
    grid = Table(box=SIMPLE_HEAD, expand=True)
    grid.add_column("Loss", no_wrap=True)
    grid.add_column("Formula", ratio=5)
    grid.add_column("For", ratio=4)
    for title, entries in guide.by_situation().items():
        grid.add_row(f"[bold]{escape(title)}[/]")
        for entry in entries:
            grid.add_row(f"  {entry.name}", escape(entry.formula), escape(entry.use))
        grid.add_section()
    console.print(grid)
    console.print("[dim]More of one: boostloss losses Huber[/]")


def show(entry: Entry, console: Console) -> None:
    """All that the guide says of a loss."""
    console.print(f"[bold]{escape(entry.signature)}[/]\n")
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column()
    called = {title: ", ".join(names) for title, names in entry.called.items()}
    nowhere = {"elsewhere": f"none of {', '.join(LIBRARIES.values())} has it"}
    rows = {
        "formula": entry.formula,
        "situation": SITUATIONS[entry.situation],
        **entry.facts,
        **(called or nowhere),
    }
    for heading, text in rows.items():
        facts.add_row(heading, escape(text))
    console.print(facts)
    console.print()
