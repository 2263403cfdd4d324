"""Tables and pictures of what `benchmarks.accuracy` measured."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import studentized_range

from benchmarks._pictures import save
from boostloss.boosting.libraries import LIBRARIES

KINDS = ("clean", "cauchy", "one-sided", "swapped", "segment")
SEEDLESS = ["library", "table", "kind", "share", "objective"]


def frame(lines: list[dict[str, Any]]) -> pd.DataFrame:
    """A row for each fit, of the conditions in which every candidate of the library was fitted."""
    table = pd.DataFrame([line["cell"] | line["figures"] | line["with"] for line in lines])
    several = table.groupby("library").version.nunique()
    titles = {name: LIBRARIES[name].title for name in several.index}
    table["place"] = table.library.map(list(LIBRARIES).index)
    table["library"] = [
        f"{titles[name]} {version}" if several[name] > 1 else titles[name]
        for name, version in zip(table.library, table.version, strict=True)
    ]
    order = ["place", "version", "own", "objective"]  # own ones first
    table = table.sort_values(order, ascending=[True, True, False, True], kind="stable")
    condition = ["library", "table", "kind", "share", "seed", "rows"]
    fitted = table.groupby(condition).objective.transform("nunique")
    return table[fitted == table.groupby("library").objective.transform("nunique")]


def relative(table: pd.DataFrame) -> pd.DataFrame:
    """The logarithm of each error over that of the best own objective of the same library, table and condition.

    Errors are means over the seeds: which own objective is best is known afterwards only, in its favour.
    """
    means = table.groupby([*SEEDLESS, "own"], sort=False).mae.mean().reset_index()
    condition = ["library", "table", "kind", "share"]
    best = means[means.own].groupby(condition).mae.min().rename("best")
    means = means.join(best, on=condition)
    return means.assign(log_ratio=np.log(means.mae / means.best))


def ratios(behind: pd.DataFrame) -> pd.DataFrame:
    """Geometric means of the ratios over tables and shares, by kind."""
    by_kind = behind.pivot_table(
        index=["library", "objective"], columns="kind", values="log_ratio", sort=False
    )
    every = by_kind.mean(axis=1)  # each kind counts the same
    return np.exp(by_kind.reindex(columns=[k for k in KINDS if k in by_kind]).assign(all=every))


def ranks(behind: pd.DataFrame) -> pd.DataFrame:
    """Mean ranks of the objectives of a library, and the difference that 0.05 of the time is exceeded by chance.

    The ranks are means within each table first, whose conditions are not independent, and the test of Nemenyi (as in
    Demsar, "Statistical Comparisons of Classifiers over Multiple Data Sets", JMLR 7, 2006) counts tables.
    """
    condition = ["library", "table", "kind", "share"]
    ranked = behind.assign(rank=behind.groupby(condition).mae.rank())
    by_table = ranked.groupby(["library", "objective", "table"], sort=False)["rank"].mean()
    found = by_table.groupby(["library", "objective"], sort=False).agg(["mean", "count"])
    k = found.groupby("library")["mean"].transform("size")
    q = studentized_range.ppf(0.95, k, np.inf) / np.sqrt(2)
    found["critical"] = q * np.sqrt(k * (k + 1) / (6 * found["count"]))
    return found.rename(columns={"mean": "rank", "count": "tables"})


def wins(behind: pd.DataFrame) -> pd.Series:
    """In how many conditions a loss does better, and worse, than the best own objective by more than 1 %."""
    ours = behind[~behind.own]
    counts = ours.groupby(["library", "objective"], sort=False).log_ratio
    limit = np.log(1.01)
    return counts.agg(lambda x: f"{(x < -limit).sum()} : {(x > limit).sum()} of {len(x)}")


def seconds_to_accuracy(table: pd.DataFrame) -> pd.Series:
    """Processor time until the test error is that of the best own objective, over the own one's, and how often it is.

    The time of a round is the mean of the fit's. Geometric mean over the fits that come that far.
    """
    found: dict[tuple[str, str], list[float]] = {}
    for _, fits in table.groupby(["library", "table", "kind", "share", "seed"], sort=False):
        own = fits[fits.own]
        best = own.loc[own.mae.idxmin()]
        begun = best.seconds * _kept_share(best)
        for fit in fits[~fits.own].itertuples():
            reached = [count for count, error in fit.curve if error <= best.mae]
            spent = fit.seconds * _kept_share(fit) * min(reached) / fit.rounds if reached else None
            ratio = np.log(spent / begun) if spent else np.nan
            found.setdefault((fit.library, fit.objective), []).append(ratio)
    texts = {
        key: f"{np.exp(np.nanmean(ratio)):.2f} ({np.isfinite(ratio).mean():.0%})"
        if np.isfinite(ratio).any()
        else "never"
        for key, ratio in found.items()
    }
    return pd.Series(texts)


def _kept_share(fit: Any) -> float:
    """Of a fit's time, the part of the rounds that are kept; 50 more are tried before it stops."""
    return fit.rounds / min(fit.rounds + 50, 500)


def write(lines: list[dict[str, Any]], folder: Path) -> None:
    """Print the table, write it as JSON, and draw ranks and errors by share."""
    table = frame(lines)
    behind = relative(table)
    summary = ratios(behind).join(ranks(behind))
    summary["better : worse"] = wins(behind)
    summary["time"] = seconds_to_accuracy(table)
    summary = summary.loc[list(dict.fromkeys(zip(table.library, table.objective, strict=True)))]
    own = behind.groupby(["library", "objective"], sort=False).own.first()
    seeds, tables = table.seed.nunique(), table["table"].nunique()
    print(
        f"{tables} tables, {seeds} seeds, at most {table.rows.max():,} rows.\n"
        "Test MAE over that of the library's best own objective in each condition, geometric means:\n"
    )
    columns = [name for name in (*KINDS, "all") if name in summary]
    head = [*columns, "rank", "better : worse", "time to the best own's error"]
    print(f"| library | objective | {' | '.join(head)} |")
    print("|---" * (len(head) + 2) + "|")
    for (library, objective), row in summary.iterrows():
        cells = [f"{row[name]:.3f}" for name in columns] + [f"{row['rank']:.1f}"]
        cells += [
            str(row[name]) if not own[library, objective] else ""
            for name in ("better : worse", "time")
        ]
        title = f"{library} own" if own[library, objective] else library
        print(f"| {title} | `{short(objective)}` | {' | '.join(cells)} |")
    for library, row in summary.groupby(level=0, sort=False).first().iterrows():
        print(
            f"\n{library}: ranks that differ by less than {row.critical:.1f} may differ by chance."
        )
    folder.mkdir(parents=True, exist_ok=True)
    made_with = table.groupby("library")[["source", "processor"]].agg(lambda x: sorted(set(x)))
    summary = summary.assign(own=own)
    records = summary.reset_index().join(made_with, on="library").to_dict("records")
    (folder / "accuracy.json").write_text(json.dumps(records, indent=1))
    draw(summary, behind, own, folder / "accuracy.png")


def short(objective: str) -> str:
    """Without the parameters that adapt, which they do by default."""
    return re.sub(r"\((\w+='adaptive'(, )?)+\)", "()", objective)


def draw(summary: pd.DataFrame, behind: pd.DataFrame, own: pd.Series, path: Path) -> None:
    """Ranks with their critical difference, and below them errors by the share of wrong labels."""
    from matplotlib.figure import Figure

    libraries = list(dict.fromkeys(summary.index.get_level_values(0)))
    names = sorted({objective for (_, objective), mine in (~own).items() if mine})
    colour = {name: f"C{i}" for i, name in enumerate(names)}  # of a loss, in every library
    kinds = [kind for kind in KINDS if kind != "clean" and (behind.kind == kind).any()]
    figure = Figure(figsize=(3 * len(kinds) + 3, 3.2 * len(libraries)), layout="constrained")
    axes = figure.subplots(len(libraries), len(kinds) + 1, squeeze=False)
    for library, row in zip(libraries, axes, strict=True):
        found = summary.loc[library].sort_values("rank")
        colours = ["tab:gray" if own[library, name] else "tab:blue" for name in found.index]
        row[0].barh(
            [legend_name(name, own[library, name]) for name in found.index],
            found["rank"],
            color=colours,
        )
        row[0].invert_yaxis()
        row[0].set(title=f"{library}: mean rank", xlabel="differences within the bar may be chance")
        lowest = float(found["rank"].iloc[0])
        row[0].plot([lowest, lowest + found.critical.iloc[0]], [-0.8, -0.8], "k|-", clip_on=False)
        for axis, kind in zip(row[1:], kinds, strict=True):
            of_library = behind[(behind.library == library) & behind.kind.isin(("clean", kind))]
            dashes = iter((":", "--", "-."))
            for objective, rows in of_library.groupby("objective", sort=False):
                line = np.exp(rows.groupby("share").log_ratio.mean())
                theirs = own[library, objective]
                axis.plot(
                    line.index,
                    line,
                    color="black" if theirs else colour[objective],
                    linestyle=next(dashes) if theirs else "-",
                    label=legend_name(objective, theirs),
                )
            axis.axhline(1.0, color="black", linewidth=0.5)
            axis.set(title=kind, xlabel="share", ylabel="MAE over the best own's", ylim=(0.75, 1.4))
        if kinds:
            row[-1].legend(fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    save(figure, path)


def legend_name(objective: str, own: bool) -> str:
    name = objective.partition("(")[0].removeprefix("reg:").partition(":")[0]
    return f"own {name}" if own else name
