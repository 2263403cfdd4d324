"""The outcome as files: `report.html`, which holds everything in itself, and `results.json`."""

import json
from html import escape
from pathlib import Path

from boostloss.compare import plots, wording
from boostloss.compare.results import Results, versions

DOTS_CAPTION = (
    "Green: boostloss. Grey: the library's own objectives. Bars: the standard error, over the folds, "
    "of the difference from the best."
)

STYLE = """
:root { --ink: #1f2933; --soft: #616e7c; --line: #e4e7eb; --ours: #0f766e; --paper: #fff; }
* { box-sizing: border-box; }
body { margin: 0; background: #f5f7f9; color: var(--ink);
       font: 15px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
main { max-width: 72rem; margin: 2rem auto; padding: 2.2rem 2.6rem; background: var(--paper);
       border: 1px solid var(--line); border-radius: 10px; }
h1 { margin: 0 0 .3rem; font-size: 1.7rem; letter-spacing: -.01em; }
h2 { margin: 2.2rem 0 .6rem; font-size: 1.15rem; }
p { margin: .35rem 0; }
.soft, figcaption, footer { color: var(--soft); font-size: .86rem; }
.answer { margin: 1.2rem 0; padding: .9rem 1.1rem; border-left: 4px solid var(--ours);
          background: #f0f7f6; border-radius: 4px; font-size: 1.05rem; }
.warn { border-color: #c2410c; background: #fdf4ee; }
.scroll { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .88rem;
        font-variant-numeric: tabular-nums; }
th, td { padding: .36rem .5rem; text-align: left; border-bottom: 1px solid var(--line);
         white-space: nowrap; }
th { color: var(--soft); font-weight: 600; }
td.number, th.number { text-align: right; }
tr.best td { background: #f0f7f6; font-weight: 600; }
tr.ours td.loss { color: var(--ours); }
tr.own td.loss { color: var(--soft); }
figure { margin: 1rem 0; }
img { max-width: 100%; height: auto; }
pre { margin: .6rem 0; padding: .9rem 1.1rem; overflow-x: auto; background: #f5f7f9;
      border: 1px solid var(--line); border-radius: 6px; font-size: .86rem; }
ul { margin: .4rem 0; padding-left: 1.2rem; }
footer { margin-top: 2.4rem; padding-top: .8rem; border-top: 1px solid var(--line); }
@media print { body { background: none; } main { border: 0; margin: 0; max-width: none; } }
"""


def write(results: Results, overview: list[str], directory: Path) -> list[Path]:
    """Write both files; the directory exists.

    Parameters
    ----------
    overview : list of str
        What was compared and how, as `wording.overview` says it.

    Returns
    -------
    list of Path
        What was written.
    """
    page, data = directory / "report.html", directory / "results.json"
    page.write_text(to_html(results, overview), encoding="utf-8")
    text = json.dumps(results.to_json(), indent=1, allow_nan=False, ensure_ascii=False)
    data.write_text(text + "\n", encoding="utf-8")
    return [page, data]


def to_html(results: Results, overview: list[str]) -> str:
    """The page. Whatever comes from the user's table is escaped."""
    heading = f"Which loss suits {results.table.target}?"
    groups = [quantile for quantile in results.groups if results.rows(quantile)]
    body = [
        f"<h1>{escape(heading)}</h1>",
        f'<p class="soft">{escape(overview[0])}</p>',
        *_answer(results),
    ]
    if verdicts := results.verdicts():
        body.append("<h2>boostloss beside each library's own best</h2>")
        body.append(_table(*wording.verdict_cells(results, verdicts)))
    for quantile in groups:
        body.append(f"<h2>{escape(wording.title(results, quantile))}</h2>")
        body.append(_ranking(results, quantile))
        body.append(f'<p class="soft">{escape(wording.LEGEND)}</p>')
        body.append(_figure(plots.metric_by_loss(results, quantile), DOTS_CAPTION))
        if quantile is None and results.table.task == "binary":
            body.append("<h2>Calibration</h2>")
            body.append(_figure(plots.calibration(results), "Test folds, bins of equal count."))
        elif quantile is None:
            body.append("<h2>Residuals</h2>")
            body.append(_figure(plots.residuals(results), "Test folds, in the winner's library."))
    if code := wording.snippet(results):
        body.append(f"<h2>The best loss of boostloss in Python</h2><pre>{escape(code)}</pre>")
    body.append("<h2>How it was done</h2>")
    body.append(_list([*overview, *wording.hints(results)]))
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


def _answer(results: Results) -> list[str]:
    """The winner in a sentence, and whether the run was cut short."""
    boxes = [f'<div class="answer">{escape(wording.answer(results))}</div>']
    if results.interrupted:
        boxes.append(f'<div class="answer warn">{escape(wording.INTERRUPTED)}</div>')
    return boxes


def _ranking(results: Results, quantile: float | None) -> str:
    headings, cells = wording.table_cells(results, quantile)
    classes = [
        f"{row.place or 'behind'} {'own' if row.candidate.own else 'ours'}"
        for row in results.rows(quantile)
    ]
    return _table(headings, cells, classes, numbers=3)


def _table(
    headings: list[str], cells: list[list[str]], classes: list[str] | None = None, numbers: int = 9
) -> str:
    """An HTML table; columns from `numbers` on are flushed right."""
    kinds = [
        "number" if k >= numbers else "loss" if h == "Loss" else "" for k, h in enumerate(headings)
    ]
    head = "".join(
        f'<th class="{k}">{escape(h)}</th>' for k, h in zip(kinds, headings, strict=True)
    )
    lines = []
    for line, css in zip(cells, classes or [""] * len(cells), strict=True):
        data = "".join(
            f'<td class="{k}">{escape(c)}</td>' for k, c in zip(kinds, line, strict=True)
        )
        lines.append(f'<tr class="{css}">{data}</tr>')
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _figure(source: str, caption: str) -> str:
    return (
        f'<figure><img alt="{escape(caption)}" src="{source}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _list(items: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in items) + "</ul>"
