"""The outcome as files: `report.html`, which holds everything in itself, and `results.json`."""

import contextlib
import itertools
import json
import os
import re
from collections.abc import Callable
from html import escape
from pathlib import Path

from boostloss.compare import code, outcome, plots, sheet_plots, wording
from boostloss.compare.metrics import INTERVAL, Level
from boostloss.compare.outcome import Column
from boostloss.compare.results import Results, versions
from boostloss.compare.sheet import Sheet, winner

DOTS_CAPTION = (
    "Green: boostloss. Grey: the library's own objectives. Bars: the standard error, over the folds, "
    "of the difference from the best."
)

WINNER = {
    "regression": (
        "Residuals on the test folds by the prediction: median, middle half, and nine tenths of the rows."
    ),
    "binary": "Calibration on the test folds by the prediction, ± standard error.",
    "multiclass": (
        "Test folds. Reliability: how often a class comes true against how probable it was said to be, in groups of "
        "equally many rows; the calibration error is the mean distance from the diagonal. Taken for: each line of the "
        "table adds up to 100 %."
    ),
}
FAN = "Test folds: the quantiles of the best model, means over groups of rows, and some of the targets."
CALIBRATION = (
    "Test folds, the best of each library. Left: the probability that its distributions gave to values up to the "
    "target, flat where they are right. Right: targets within central intervals. Grey: where a right model is in 95 "
    "of 100 tables."
)
INTERVALS = f"Share of the test rows within the winner's intervals of {INTERVAL:.0%} by the median, ± standard error."
WITHIN = (
    "Share of the test rows between the outer quantiles by the middle prediction, ± standard error."
)
CURVE = "The winner fitted once more on the first fold, judged after each number of rounds."
IMPORTANCE = (
    "Permutation importance (scikit-learn) of that fit on test rows; bars: standard deviation over "
    "the repeats."
)

STYLE = """
:root { color-scheme: light dark; --ink: #1f2933; --soft: #616e7c; --line: #e4e7eb; --ours: #0f766e;
        --paper: #fff; --ground: #f5f7f9; --best: #f0f7f6; --warn: #fdf4ee; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7eb; --soft: #9aa5b1; --line: #323f4b; --ours: #5eead4;
          --paper: #1b232c; --ground: #12181f; --best: #17322f; --warn: #3b2416; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink);
       font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
main { max-width: 72rem; margin: 2rem auto; padding: 2.2rem 2.6rem; background: var(--paper);
       border: 1px solid var(--line); border-radius: 10px; }
h1, h2, p, li, .answer { overflow-wrap: anywhere; }
h1 { margin: 0 0 .3rem; font-size: 1.7rem; letter-spacing: -.01em; }
h2 { margin: 2.2rem 0 .6rem; font-size: 1.15rem; }
p { margin: .35rem 0; }
.soft, figcaption, footer { color: var(--soft); font-size: .86rem; }
.answer { margin: 1.2rem 0; padding: .9rem 1.1rem; border-left: 4px solid var(--ours);
          background: var(--best); border-radius: 4px; font-size: 1.05rem; }
.warn { border-color: #c2410c; background: var(--warn); }
table { width: 100%; border-collapse: collapse; font-size: .88rem;
        font-variant-numeric: tabular-nums; }
th, td { padding: .36rem .5rem; text-align: left; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; }
.number { text-align: right; white-space: nowrap; }
tr.best td { background: var(--best); font-weight: 600; }
tr.ours td.loss { color: var(--ours); }
tr.own td.loss { color: var(--soft); }
figure { margin: 1rem 0; }
img { max-width: 100%; height: auto; background: #fff; border-radius: 6px; }
pre { margin: .6rem 0; padding: .9rem 1.1rem; overflow-x: auto; background: var(--ground);
      border: 1px solid var(--line); border-radius: 6px; font-size: .86rem; }
ul { margin: .4rem 0; padding-left: 1.2rem; }
footer { margin-top: 2.4rem; padding-top: .8rem; border-top: 1px solid var(--line); }
@media (max-width: 66rem) { .r5, .r6, .r7 { display: none; } }
@media (max-width: 40rem) {
  main { margin: 0; padding: 1.1rem .8rem; border: 0; border-radius: 0; }
  .r2, .r3, .r4 { display: none; }
  table { font-size: .8rem; }
  th, td { padding: .36rem .25rem; }
  td.loss { overflow-wrap: anywhere; } }
@media print { body { background: none; } main { border: 0; margin: 0; max-width: none; } }
"""


def save(path: Path, content: Callable[[], str]) -> str:
    """Write a file whole or not at all.

    Parameters
    ----------
    path : Path
        In a directory that exists.
    content : callable
        Makes the text, and may fail for any reason: what else is written does not depend on it.

    Returns
    -------
    str
        Why the file could not be written; empty if it was.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        text = content()
        with part.open("w", encoding="utf-8", errors="replace") as file:  # a name may be no text
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except Exception as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        reason = error.strerror if isinstance(error, OSError) else None
        return reason or " ".join(f"{type(error).__name__}: {error}".split())
    return ""


def to_json(results: Results) -> str:
    """All numbers."""
    return json.dumps(results.to_json(), indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def to_html(
    results: Results, overview: list[str], table: str = "", sheet: Sheet | None = None
) -> str:
    """The page. Whatever comes from the user's table is escaped.

    Parameters
    ----------
    table : str
        The expression that reads the table; without it there is no code to repeat the figures.
    sheet : Sheet, optional
        What one more fit of the winner has told.
    """
    heading = f"Which loss suits {results.table.target}?"
    groups = [quantile for quantile in results.groups if results.rows(quantile)]
    body = [
        f"<h1>{escape(heading)}</h1>",
        f'<p class="soft">{escape(overview[0])}</p>',
        *_answer(results),
    ]
    if verdicts := results.verdicts():
        body.append(f"<h2>{wording.VERDICTS}</h2>")
        body.append(_table(outcome.verdicts(results, verdicts)))
        judged = [verdict.quantile for verdict in verdicts]
        legend = wording.legend(wording.VERDICT_LEGEND, results, judged)
        body.append(f'<p class="soft">{escape(legend)}</p>')
    for quantile in groups:
        body.append(f"<h2>{escape(wording.title(results, quantile))}</h2>")
        body.append(_ranking(results, quantile))
        legend = wording.legend(wording.LEGEND, results, [quantile])
        body.append(f'<p class="soft">{escape(legend)}</p>')
        body.append(_figure(plots.metric_by_loss(results, quantile), DOTS_CAPTION))
        if isinstance(quantile, tuple):
            best = results.rows(quantile)[0]
            body.append(_figure(sheet_plots.fan(results, best), FAN))
            body.append(_figure(sheet_plots.deciles(results, best), WITHIN))
        elif quantile is None and results.table.task == "binary":
            body.append("<h2>Calibration</h2>")
            body.append(_figure(plots.calibration(results), "Test folds, bins of equal count."))
        elif results.rows(quantile)[0].candidate.distribution:
            body.append("<h2>Calibration</h2>")
            body.append(_figure(plots.distributions(results), CALIBRATION))
        elif quantile is None and results.table.task == "regression":
            body.append("<h2>Residuals</h2>")
            body.append(_figure(plots.residuals(results), "Test folds, in the winner's library."))
        elif quantile is not None:
            caption = (
                f"Coverage of the best quantile {quantile:g} by its prediction, ± standard error."
            )
            body.append(_figure(sheet_plots.deciles(results, results.rows(quantile)[0]), caption))
    body += _winner(results, table, sheet)
    if snippet := wording.snippet(results):
        body.append(f"<h2>The best loss of boostloss in Python</h2><pre>{escape(snippet)}</pre>")
    body.append("<h2>How it was done</h2>")
    body.append(_list([*overview, *wording.dropped(results), *wording.hints(results)]))
    for name, messages in (("Failures", results.failures), ("Warnings", results.warnings)):
        if messages:
            body.append(f"<h2>{name}</h2>{_list(messages)}")
    found = ", ".join(f"{name} {version}" for name, version in versions().items())
    body.append(f"<footer>{escape(found)}. All numbers are in results.json.</footer>")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(heading)}</title><style>{STYLE}</style></head>\n"
        "<body><main>\n" + "\n".join(body) + "\n</main></body></html>\n"
    )


def _winner(results: Results, table: str, sheet: Sheet | None) -> list[str]:
    """The second look at the best candidate, and Python that repeats its figure."""
    row = winner(results)
    body = [f"<h2>The winner: {escape(row.library)}, {escape(outcome.loss_name(row))}</h2>"]
    if row.candidate.quantile is None:
        task = results.table.task
        draw = sheet_plots.reliability if task == "multiclass" else sheet_plots.deciles
        caption = INTERVALS if row.candidate.distribution else WINNER[task]
        body.append(_figure(draw(results, row), caption))
    if sheet is not None:
        _, constant = wording.constant(results, row.candidate.quantile)
        body.append(_figure(sheet_plots.learning_curve(results, sheet, constant), CURVE))
        body.append(_figure(sheet_plots.importance(results, sheet), IMPORTANCE))
    ours = [row for row in results.rows(row.candidate.quantile) if not row.candidate.own]
    shown_rows = [row, *(ours[:1] if row.candidate.own else [])] if table else []
    for shown in shown_rows:
        name = f"{shown.library}, {outcome.loss_name(shown)}"
        body.append(f"<p>Python that repeats the figure of {escape(name)}:</p>")
        body.append(f"<pre>{escape(code.reproduction(results, shown, table))}</pre>")
    return body


def _answer(results: Results) -> list[str]:
    """The winner in a sentence, and whether the run was cut short."""
    boxes = [f'<div class="answer">{escape(wording.answer(results))}</div>']
    if results.interrupted:
        boxes.append(f'<div class="answer warn">{escape(wording.INTERRUPTED)}</div>')
    return boxes


def _ranking(results: Results, quantile: Level) -> str:
    styles = [
        f"{row.place or 'behind'} {'own' if row.candidate.own else 'ours'}"
        for row in results.rows(quantile)
    ]
    return _table(outcome.ranking(results, quantile), styles)


def _table(shown: list[Column], styles: list[str] | None = None) -> str:
    """An HTML table; a narrow page leaves out columns by their rank."""
    kinds = [
        f"{'number' if column.number else column.heading.lower()} r{column.rank}"
        for column in shown
    ]
    head = "".join(
        f'<th class="{kind}">{escape(column.heading)}</th>'
        for kind, column in zip(kinds, shown, strict=True)
    )
    lines = []
    texts = zip(*(column.cells for column in shown), strict=True)
    for style, cells in zip(styles or itertools.repeat(""), texts, strict=False):
        data = "".join(
            f'<td class="{kind}">{_breakable(cell) if kind[0] != "n" else escape(cell)}</td>'
            for kind, cell in zip(kinds, cells, strict=True)
        )
        lines.append(f'<tr class="{style}">{data}</tr>')
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _breakable(name: str) -> str:
    """A name that may go on in a new line behind a colon and before its parameters."""
    return re.sub(r"(?<=:)|(?=\()", "<wbr>", escape(name))


def _figure(source: str, caption: str) -> str:
    return (
        f'<figure><img alt="{escape(caption)}" src="{source}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _list(items: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"
