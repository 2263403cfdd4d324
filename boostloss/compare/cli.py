"""The command line: ``boostloss compare``."""

import os
import sys
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Literal

try:
    import typer
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.table import Table as Grid

    from boostloss.boosting.libraries import LIBRARIES
    from boostloss.compare import report, wording
    from boostloss.compare.candidates import installed_libraries, list_candidates
    from boostloss.compare.data import (
        DEMO_CONTAMINATE,
        DEMO_FOLDS,
        InputError,
        demonstration,
        load,
    )
    from boostloss.compare.libraries import Settings, useful_threads
    from boostloss.compare.metrics import METRICS
    from boostloss.compare.reading import FORMATS
    from boostloss.compare.results import Results
    from boostloss.compare.roles import TASKS
    from boostloss.compare.run import Fold, evaluate, split
except ImportError as error:
    raise SystemExit(
        f"boostloss needs the extra cli: pip install 'boostloss[cli]' ({error})"
    ) from error

UNUSABLE, INTERRUPTED = 2, 130  # exit codes: bad input, as for a bad option; Ctrl-C, as in a shell
PLAIN_WIDTH = 130  # of a table that goes to a file or a pipe
OUTCOME_STYLES = {"better": "green", "level": "", "worse": "yellow"}

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False)


def _version(wanted: bool) -> None:
    if wanted:
        import boostloss

        typer.echo(f"boostloss {boostloss.__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Loss functions for gradient boosting."""


@app.command()
def compare(
    file: Annotated[
        Path | None,
        typer.Argument(help=f"{FORMATS}. Without it: an embedded data set."),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            "--target", "-t", help="Column to predict: its name, first, last or position from 0."
        ),
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(help="regression or binary; by default two values are binary, numbers not."),
    ] = None,
    header: Annotated[
        bool | None,
        typer.Option(
            "--header/--no-header",
            help="Whether the first row names the columns; detected by default. "
            "Without names they are called 0, 1, 2, ...",
        ),
    ] = None,
    drop: Annotated[list[str] | None, typer.Option(help="Column to leave out; repeatable.")] = None,
    weight: Annotated[
        str | None,
        typer.Option(help="Column that weighs the rows, in training and in the metrics."),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            help="Column of groups, such as customers: the rows of one are trained on or tested, "
            "never both. Not a feature then."
        ),
    ] = None,
    time: Annotated[
        str | None,
        typer.Option(
            help="Column of times: every fold tests later rows than it trains on. "
            "Not a feature then."
        ),
    ] = None,
    library: Annotated[
        list[str] | None,
        typer.Option(
            "--library",
            "-l",
            help=f"{', '.join(LIBRARIES)}; repeatable. By default all that are installed.",
        ),
    ] = None,
    loss: Annotated[
        list[str] | None,
        typer.Option(
            help="Loss of boostloss, such as 'Barron(alpha=0)' or 'Quantile(0.9)'; repeatable. "
            "A shape, scale or delta that is not given adapts to the data. By default all of them."
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            help=f"What ranks the losses: {', '.join(METRICS['regression'])}; "
            f"binary: {', '.join(METRICS['binary'])}. The first is the default. "
            "Quantiles are ranked by their pinball loss."
        ),
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2,
            help=f"Folds of the cross-validation. 5 by default, {DEMO_FOLDS} for the embedded data.",
        ),
    ] = None,
    rows: Annotated[int | None, typer.Option(min=20, help="Draw a sample of so many rows.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="For everything that is random.")] = 0,
    contaminate: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=0.5,
            help="Share of the training labels that get noise: Cauchy errors or flipped classes. "
            f"Test folds stay clean. None by default, {DEMO_CONTAMINATE:g} for the embedded data.",
        ),
    ] = None,
    rounds: Annotated[
        int, typer.Option(min=1, help="Most boosting rounds; most fits stop sooner.")
    ] = 500,
    learning_rate: Annotated[float, typer.Option(min=1e-3, max=1.0, help="For all fits.")] = 0.1,
    threads: Annotated[
        int | None, typer.Option(min=1, help="For every fit; by default one for 2,000 rows.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Directory for report.html and results.json."),
    ] = None,
) -> None:
    """Which loss suits my data?

    Fits the losses of boostloss and each library's own objectives by cross-validation with early
    stopping, on the same folds and with the same settings, and ranks them. Ctrl-C ends a run and
    keeps what is finished.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # one that cannot say "≈" shall not end a long run
            stream.reconfigure(errors="replace")
    status = Console(stderr=True, highlight=False, soft_wrap=True)
    if folds is None:
        folds = DEMO_FOLDS if file is None else 5
    if contaminate is None:
        contaminate = DEMO_CONTAMINATE if file is None else 0.0
    try:
        if task is not None and task not in TASKS:
            raise InputError(f"--task: {task!r} is neither {' nor '.join(TASKS)}")
        libraries = installed_libraries(library or ())
        if file is None:
            if target is not None or drop or weight or group or time:
                raise InputError(
                    "--target, --drop, --weight, --group and --time need a FILE that has the column"
                )
            table = demonstration()
        else:
            table = load(
                file, target, task=task, header=header, drop=tuple(drop or ()),
                weight=weight, group=group, time=time,
            )  # fmt: skip
        if rows:
            table = table.sample(rows, seed)
        metric = metric or next(iter(METRICS[table.task]))
        if metric not in METRICS[table.task]:
            allowed = ", ".join(METRICS[table.task])
            raise InputError(f"--metric: {metric!r} is none of those for {table.task}: {allowed}")
        if metric == "mape" and not table.y.all():
            raise InputError(f"--metric mape divides by the target, and {table.target!r} holds 0")
        candidates = list_candidates(table.task, libraries, loss or ())
        settings = Settings(
            folds=folds,
            rounds=rounds,
            learning_rate=learning_rate,
            contaminate=contaminate,
            seed=seed,
            threads=threads or useful_threads(len(table.y)),
        )
        results = Results(table, settings, candidates, metric)
        splits = split(table, settings)
        if output is not None:
            _make_directory(output)
    except InputError as error:
        status.print(f"[bold red]error:[/] {escape(str(error))}")
        raise typer.Exit(UNUSABLE) from None

    overview = wording.overview(table, settings, libraries, folds * len(candidates))
    for line in overview:
        status.print(f"[dim]{escape(line)}[/]")
    _run(results, splits, status)

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PLAIN_WIDTH
    _show(results, console)
    for message in (*results.failures, *results.warnings, *wording.hints(results)):
        status.print(f"[yellow]{escape(message)}[/]")
    if output is not None and results.finished:
        for path in report.write(results, overview, output):
            status.print(f"Wrote {escape(str(path))}")
    if results.interrupted:
        status.print(f"[yellow]{wording.INTERRUPTED}[/]")
        raise typer.Exit(INTERRUPTED)
    if not results.finished:
        raise typer.Exit(1)


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--output: {str(path)!r} cannot be made: {error.strerror}") from error
    if not os.access(path, os.W_OK):
        raise InputError(f"--output: {str(path)!r} cannot be written to")


def _run(results: Results, splits: Iterator[Fold], status: Console) -> None:
    """Fit every candidate on every fold, fold by fold, so that Ctrl-C leaves a fair comparison."""
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("[dim]{task.fields[left]}[/]"),
        TextColumn("{task.description}"),
    )
    total = results.settings.folds * len(results.candidates)
    with Progress(*columns, console=status, transient=True, refresh_per_second=4) as progress:
        bar = progress.add_task("", total=total, left="")
        try:
            for fold in splits:
                for candidate in results.candidates:
                    text = wording.current(candidate, fold)
                    left = wording.time_left(results.seconds_left)
                    progress.update(bar, description=escape(text), left=left)
                    fit = evaluate(candidate, fold, results.table.task, results.settings)
                    results.fits.append(fit)
                    progress.advance(bar)
                if not status.is_terminal:
                    left = wording.time_left(results.seconds_left)
                    status.print(f"fold {fold.number + 1} of {results.settings.folds} done, {left}")
        except KeyboardInterrupt:
            results.interrupted = True


def _show(results: Results, console: Console) -> None:
    """The tables, and the winners in words."""
    for quantile in results.groups:
        rows = results.rows(quantile)
        if not rows:
            continue
        headings, cells = wording.table_cells(results, quantile)
        grid = _grid(wording.title(results, quantile), headings, numbers=3)
        for row, line in zip(rows, cells, strict=True):
            style = "bold green" if row.place == "best" else "" if row.candidate.own else "cyan"
            grid.add_row(*map(escape, line), style=style)
        console.print(grid)
    if not results.finished:
        return
    console.print(f"[dim]{wording.LEGEND}[/]\n")
    if verdicts := results.verdicts():
        headings, cells = wording.verdict_cells(results, verdicts)
        grid = _grid("boostloss beside each library's own best", headings, numbers=9)
        for verdict, line in zip(verdicts, cells, strict=True):
            grid.add_row(*map(escape, line), style=OUTCOME_STYLES[wording.outcome_kind(verdict)])
        console.print(grid)
    console.print(f"[bold]{escape(wording.answer(results))}[/]")
    if code := wording.snippet(results):
        console.print(f"\nThe best loss of boostloss:\n[cyan]{escape(code)}[/]")


def _grid(title: str, headings: list[str], numbers: int) -> Grid:
    """An empty table; columns from `numbers` on are flushed right and never wrapped."""
    grid = Grid(
        title=escape(title),
        title_justify="left",
        title_style="bold",
        box=SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    for place, heading in enumerate(headings):
        right = place >= numbers
        justify: Literal["left", "right"] = "right" if right else "left"
        grid.add_column(heading, justify=justify, no_wrap=right, overflow="fold")
    return grid
