"""Python that repeats a figure of the comparison, ready to be pasted."""

import dataclasses
import re
from pathlib import Path
from typing import Any

from boostloss.boosting.libraries import LIBRARIES
from boostloss.compare.libraries import Settings, common
from boostloss.compare.metrics import DISTRIBUTION_METRICS
from boostloss.compare.results import Results, Row

PREPARED = """
def prepared(X):  # CatBoost takes categories as text
    text = X.select_dtypes("category")
    return X.assign(**{name: X[name].astype(object).fillna("").astype(str) for name in text})

"""


def table_code(
    file: Path | None, target: str | None, sample: tuple[int, int] | None, **options: Any
) -> str:
    """The expression that reads the table.

    Parameters
    ----------
    sample : tuple of int, optional
        How many rows were drawn, and the seed.
    **options
        Of `boostloss.compare.data.load`; None or empty if not given.
    """
    given = "".join(
        f", {name}={value!r}" for name, value in options.items() if value or value is False
    )
    text = "demonstration()" if file is None else f"load(Path({str(file)!r}), {target!r}{given})"
    return text if sample is None else f"{text}.sample{sample!r}"


def loss_import(loss: str) -> str:
    """The line that imports what the text of a loss names, the base of `Asymmetric` too."""
    return "from boostloss import " + ", ".join(re.findall(r"\w+(?=\()", loss))


def reproduction(results: Results, row: Row, table: str) -> str:
    """Fit the row's candidate on the compared folds, and print the mean that the row has.

    A loss of boostloss is fitted by its estimator in plain sight, an own objective as the comparison does it.

    Parameters
    ----------
    table : str
        As `table_code` gives it.
    """
    candidate, settings = row.candidate, results.settings
    metric, folds = results.ranking_metric(candidate.quantile), len(results.compared_folds)
    imports = {
        f"from boostloss.compare.data import {table.partition('(')[0]}",
        "from boostloss.compare.libraries import Settings",
    }
    imports |= {"from pathlib import Path"} if "Path(" in table else set()
    parts = "split(table, settings)"
    if folds < settings.folds:
        imports |= {"from itertools import islice"}
        parts = f"islice({parts}, {folds})"
    head, loop = "", []
    if candidate.own:
        imports |= {
            "from boostloss.compare.candidates import Candidate",
            "from boostloss.compare.run import evaluate, split",
        }
        arguments = f"{candidate.library!r}, {candidate.objective!r}, {candidate.quantile!r}"
        arguments += ", distribution=True" if candidate.distribution else ""
        loop += [
            f"    fit = evaluate(Candidate({arguments}), fold, table.task, settings)",
            f"    scores.append(fit.metrics[{metric!r}])",
        ]
    else:
        more, loop = _plain_fit(results, row)
        head = PREPARED if "prepared(" in "".join(loop) else ""
        weight = "" if results.table.weight is None else ", fold.test.weight"
        judged = f"score(fold.test.y, prediction, table.task, {candidate.quantile!r}{weight})[{metric!r}]"
        scorer = "from boostloss.compare.metrics import score"
        if candidate.distribution:
            name = DISTRIBUTION_METRICS[metric].__name__
            judged = f"{name}(fold.test.y, distribution{weight})"
            scorer = f"from boostloss.metrics import {name}"
        imports |= more | {scorer, "from boostloss.compare.run import split"}
        loop.append(f"    scores.append({judged})")
    return "\n".join([
        *sorted(imports),
        head,
        f"table = {table}  # table.columns has the names of its columns",
        f"settings = {_settings(settings)}",
        "scores = []",
        f"for fold in {parts}:",
        *loop,
        f"print(sum(scores) / len(scores))  # {row.mean[metric]:.6g} in the report",
    ])  # fmt: skip


def _plain_fit(results: Results, row: Row) -> tuple[set[str], list[str]]:
    """The imports and the lines that fit a loss of boostloss on one fold and predict."""
    library, task = LIBRARIES[row.candidate.library], results.table.task
    name, loss = library.estimator_name(task), repr(row.candidate.objective)
    imported = loss_import(loss)
    if "inf" in loss:  # which is no Python
        imported, loss = "from boostloss import from_string", f"from_string({loss!r})"
    given = {key: repr(value) for key, value in common(library.name, results.settings).items()}
    text = list(results.table.X.select_dtypes("category")) if library.text_categories else []
    given |= {"cat_features": repr(text)} if text else {}

    def rows(part: str) -> str:
        return f"prepared(fold.{part}.X)" if text else f"fold.{part}.X"

    silent = "".join(f", {k}={v!r}" for k, v in library.fit_options().items() if v is False)
    tested = rows("test")
    predict = f"predict({tested})" if task == "regression" else f"predict_proba({tested})"
    predict += "[:, 1]" if task == "binary" else ""
    prediction = f"prediction = model.{predict}"
    if row.candidate.distribution:
        prediction = f"distribution = model.predict_distribution({tested})"
    imports = {imported, f"from boostloss.{library.name} import {name}"}
    evaluation = f"dict(eval_set=[({rows('stop')}, fold.stop.y)])"
    weight = ""
    if results.table.weight is not None:
        imports |= {"from boostloss.boosting.libraries import LIBRARIES"}
        stop = f"{rows('stop')}, fold.stop.y, fold.stop.weight, {text!r}"
        evaluation = f"LIBRARIES[{library.name!r}].evaluation({stop})"
        weight = ", sample_weight=fold.train.weight"
    return imports, [
        f"    model = {name}(",
        *(f"        {key}={value}," for key, value in ({library.objective: loss} | given).items()),
        "    )",
        f"    stop = {evaluation}  # by which training stops",
        f"    model.fit({rows('train')}, fold.train.y{weight}, **stop{silent})",
        f"    {prediction}",
    ]


def _settings(settings: Settings) -> str:
    """Those that are not the default, of one fit after another."""
    settings = dataclasses.replace(settings, jobs=1, thorough=False)
    fields = [(field, getattr(settings, field.name)) for field in dataclasses.fields(settings)]
    given = (f"{field.name}={value!r}" for field, value in fields if value != field.default)
    return f"Settings({', '.join(given)})"
