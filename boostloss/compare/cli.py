"""The command line: ``boostloss compare``, and ``boostloss losses`` of `lookup`."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

try:
    import typer
    from joblib import cpu_count
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from boostloss.boosting.libraries import LIBRARIES
    from boostloss.compare import code, lookup, race, report, terminal, wording
    from boostloss.compare.candidates import installed_libraries, list_candidates
    from boostloss.compare.data import (
        DEMO_CONTAMINATE,
        DEMO_FOLDS,
        InputError,
        demonstration,
        load,
    )
    from boostloss.compare.interrupts import INTERRUPTED, NOTHING, interrupts
    from boostloss.compare.libraries import Settings, share_cores
    from boostloss.compare.metrics import DISTRIBUTION_METRICS, METRICS, allowed
    from boostloss.compare.reading import FORMATS
    from boostloss.compare.results import Results
    from boostloss.compare.roles import TASKS
    from boostloss.compare.run import Fold, split
    from boostloss.compare.sheet import Sheet, examine
except ImportError as error:
    raise SystemExit(
        f"boostloss needs the extra cli: pip install 'boostloss[cli]' ({error})"
    ) from error

UNUSABLE = 2  # exit code of bad input, as for a bad option

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
@interrupts
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
        typer.Option(
            help="regression, binary or multiclass; by default two values are binary, and text or a few "
            "whole numbers from 0 or 1 without a gap are multiclass."
        ),
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
    quantile: Annotated[
        list[float] | None,
        typer.Option(
            "--quantile",
            "-q",
            help="Level between 0 and 1; repeatable, and several are predicted by one model. Then these are "
            "compared instead of all losses.",
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            help=f"What ranks the losses: {', '.join(METRICS['regression'])}; of losses that predict whole "
            f"distributions, which are compared then: {', '.join(DISTRIBUTION_METRICS)}; "
            f"binary: {', '.join(METRICS['binary'])}; "
            f"multiclass: {', '.join(METRICS['multiclass'])}. The first is the default. "
            "Quantiles are ranked by their pinball loss."
        ),
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            min=2,
            help=f"Folds of the cross-validation. 5 by default, 3 from {race.LARGE:,} rows on, whose "
            f"scores are certain enough, and {DEMO_FOLDS} for the embedded data.",
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
    thorough: Annotated[
        bool,
        typer.Option(
            "--thorough",
            help="Fit everything on all folds. By default who is behind beyond doubt is dropped on the way.",
        ),
    ] = False,
    threads: Annotated[
        int | None,
        typer.Option(
            min=1, help="Threads in all, by default one for each core: fits run side by side."
        ),
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
    console, status = terminal.open_consoles()
    if contaminate is None:
        contaminate = DEMO_CONTAMINATE if file is None else 0.0
    try:
        if task is not None and task not in TASKS:
            raise InputError(f"--task: {task!r} is none of {', '.join(TASKS)}")
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
        if metric not in (ranking := allowed(table.task)):
            raise InputError(
                f"--metric: {metric!r} is none of those for {table.task}: {', '.join(ranking)}"
            )
        if metric == "mape" and not table.y.all():
            raise InputError(f"--metric mape divides by the target, and {table.target!r} holds 0")
        counts = table.holds_counts and not contaminate
        candidates = list_candidates(
            table.task, libraries, loss or (), quantile or (), counts,
            distributions=metric in DISTRIBUTION_METRICS, positive=table.y.min() > 0 and not contaminate,
        )  # fmt: skip
        if folds is None:
            folds = DEMO_FOLDS if file is None else 3 if len(table.y) >= race.LARGE else 5
        jobs, threads = share_cores(threads or cpu_count(), len(table.y))
        settings = Settings(
            folds=folds,
            rounds=rounds,
            learning_rate=learning_rate,
            contaminate=contaminate,
            seed=seed,
            thorough=thorough,
            jobs=jobs,
            threads=threads,
        )
        results = Results(table, settings, candidates, metric)
        splits = split(table, settings)
        if output is not None:
            _make_directory(output)
    except InputError as error:
        status.print(f"[bold red]error:[/] {terminal.plain(str(error))}")
        raise typer.Exit(UNUSABLE) from None

    overview = wording.overview(table, settings, libraries, candidates)
    for line in overview:
        status.print(f"[dim]{terminal.plain(line)}[/]")
    _run(results, splits, status)

    def write(name: str, content: Callable[[], str]) -> None:
        if output is not None and results.finished:
            troubles[name] = report.save(output / name, content)

    troubles: dict[str, str] = {}
    write("results.json", lambda: report.to_json(results))
    terminal.show(results, console)
    for message in (*results.failures, *results.warnings, *wording.hints(results)):
        status.print(f"[yellow]{terminal.plain(message)}[/]")
    sheet = _examine(results, status) if output is not None and results.finished else None
    source = code.table_code(
        file,
        target,
        (rows, seed) if rows else None,
        task=task,
        header=header,
        drop=tuple(drop or ()),
        weight=weight,
        group=group,
        time=time,
    )
    write("report.html", lambda: report.to_html(results, overview, source, sheet))
    for name, trouble in troubles.items():
        if output is not None and not trouble:
            status.print(f"Wrote {terminal.plain(str(output / name))}")
    troubles["standard output"] = terminal.trouble(console)
    for trouble in dict.fromkeys(filter(None, troubles.values())):
        names = " and ".join(name for name in troubles if troubles[name] == trouble)
        status.print(f"[bold red]error:[/] {names} could not be written: {terminal.plain(trouble)}")
    if results.interrupted:
        status.print(f"[yellow]{wording.INTERRUPTED if results.finished else NOTHING}[/]")
    if results.interrupted or interrupts.requested:
        raise typer.Exit(INTERRUPTED)
    if not results.finished or any(troubles.values()):
        raise typer.Exit(1)


app.command()(lookup.losses)


def _examine(results: Results, status: Console) -> Sheet | None:
    """One more fit of the winner, which a signal may end: the report does without it."""
    if results.interrupted or interrupts.requested:
        return None
    try:
        interrupts.wait = False
        with status.status("One more fit of the winner, for the report"):
            return examine(results)
    except KeyboardInterrupt:
        pass
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        status.print(f"[yellow]The winner could not be fitted again: {terminal.plain(reason)}[/]")
    finally:
        interrupts.wait = True
    return None


def _make_directory(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--output: {str(path)!r} cannot be made: {error.strerror}") from error
    if not os.access(path, os.W_OK):
        raise InputError(f"--output: {str(path)!r} cannot be written to")


def _run(results: Results, splits: Iterator[Fold], status: Console) -> None:
    """Fit the candidates fold by fold, so that Ctrl-C leaves a fair comparison."""
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("[dim]{task.fields[left]}[/]"),
        TextColumn("{task.description}"),
    )
    folds = results.settings.folds
    try:
        with Progress(*columns, console=status, transient=True, refresh_per_second=4) as progress:
            bar = progress.add_task("", total=folds * len(results.candidates), left="")
            for fold in splits:
                if heat := race.heat(results, fold):
                    progress.update(bar, description=f"a fold of {race.HEAT_ROWS:,} rows")
                    for _ in race.run(results, heat, results.heat):
                        pass
                    race.drop(results)
                for fit in race.run(results, fold, results.fits):
                    left = wording.time_left(results.seconds_left)
                    progress.update(
                        bar, advance=1, description=terminal.plain(wording.done(fit)), left=left
                    )
                race.drop(results)
                total = len(results.fits) + (folds - fold.number - 1) * len(results.racing)
                progress.update(bar, total=total)
                if not status.is_terminal:
                    left = wording.time_left(results.seconds_left)
                    status.print(f"fold {fold.number + 1} of {folds} done, {left}")
            interrupts.wait = True
    except KeyboardInterrupt:
        interrupts.wait = True  # what is finished is told and written first
        results.interrupted = True
