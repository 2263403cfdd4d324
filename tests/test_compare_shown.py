"""What ``boostloss compare`` shows, on wide and narrow terminals and pages."""

import io
import re

import numpy as np
import pytest

pytest.importorskip("typer")

from homes import homes
from rich.console import Console
from sklearn import metrics

import boostloss
from boostloss.compare import code, outcome, report, terminal, wording
from boostloss.compare.candidates import Candidate, describe
from boostloss.compare.data import prepare
from boostloss.compare.libraries import Settings
from boostloss.compare.results import Results
from boostloss.compare.run import Fit

OBJECTIVES = {
    "reg:squarederror": "own reg:squarederror",
    "reg:pseudohubererror(huber_slope={huber})": "own reg:pseudohubererror(≈67300)",
    "Huber:delta={huber}": "own Huber(≈67300)",
    "RMSE": "own RMSE",
    "huber(alpha=2.5)": "own huber(2.5)",
    "binary:logistic": "own binary:logistic",
    boostloss.Huber("adaptive"): "adaptive Huber",
    boostloss.Huber(49500): "Huber(delta=49500)",
    boostloss.Barron("adaptive", "adaptive"): "adaptive Barron",
    boostloss.Barron(0, "adaptive"): "adaptive Barron(alpha=0)",
    boostloss.Barron(0, 2): "Barron(alpha=0, scale=2)",
    boostloss.SquaredError(): "SquaredError()",
}


def test_the_name_of_an_adaptive_loss_tells_its_base():
    for base in (boostloss.Huber("adaptive"), boostloss.Fair("adaptive")):
        text = outcome.short_loss(repr(boostloss.Asymmetric(base, 3.0)))
        assert text == f"adaptive Asymmetric(base={type(base.example).__name__}, ratio=3.0)"


def test_code_imports_the_base_of_a_loss():
    loss = boostloss.Asymmetric(boostloss.SmoothL1("adaptive"), 3.0)
    results = made_up(objectives=(loss,))
    (row,) = results.rows(None)
    for text in (wording.snippet(results), code.reproduction(results, row, "demonstration()")):
        names = {}
        exec(
            next(line for line in text.splitlines() if line.startswith("from boostloss import")),
            names,
        )
        assert {"Asymmetric", "SmoothL1"} <= names.keys()


def made_up(task="regression", objectives=tuple(OBJECTIVES), metric="mae", size=1e4):
    """Results that nobody has fitted: the candidates are ever worse."""
    table = prepare(homes(), "homes.csv", "price" if task == "regression" else "sold")
    candidates = [Candidate("xgboost", objective) for objective in objectives]
    names = ("mae", "rmse") if task == "regression" else ("log-loss", "average-precision", "brier")
    rng = np.random.default_rng(0)
    fits = [
        Fit(
            candidate,
            fold,
            scale := 5e4 * (1 + fold % 2 / 1000),
            describe(candidate.at(scale)),
            {name: size * (1 + 0.1 * place + rng.uniform(0, 0.05)) for name in names},
            rounds=100,
            seconds=1.0,
            rows=(rows := np.arange(len(table.y))[fold::3]),
            prediction=rng.uniform(size=len(rows)),
        )
        for fold in range(3)
        for place, candidate in enumerate(candidates)
    ]
    return Results(table, Settings(folds=3), candidates, metric, fits)


def shown(results, width):
    console = Console(file=io.StringIO(), width=width, highlight=False)
    terminal.show(results, console)
    return console.file.getvalue()


def test_losses_have_short_names():
    rows = made_up().rows(None)
    assert [outcome.loss_name(row) for row in rows] == list(OBJECTIVES.values())


@pytest.mark.parametrize(
    ("width", "headings"),
    [
        (60, "Library Loss MAE"),
        (80, "Library Loss MAE ± s.e. behind ★ ± s.e."),
        (88, "Library Loss MAE ± s.e. behind ★ ± s.e. RMSE"),
        (200, "Library Loss MAE ± s.e. behind ★ ± s.e. RMSE rounds fit time"),
    ],
)
def test_a_narrow_terminal_shows_fewer_columns_and_breaks_no_word(width, headings):
    text = shown(made_up(), width)
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    assert headings in {" ".join(line.split()) for line in lines}
    for name in OBJECTIVES.values():
        assert re.search(rf"^ *★? +XGBoost +{re.escape(name)} +[12]\d,\d\d\d ", text, re.MULTILINE)


def test_a_terminal_that_is_too_narrow_cuts_names_and_no_digits():
    text = shown(made_up(), 38)
    assert "reg:pseudohuber…" in text
    assert len(re.findall(r" [12]\d,\d\d\d *$", text, re.MULTILINE)) == len(OBJECTIVES)


def test_the_widest_verdicts_fit_eighty_columns():
    quantiles = [
        Candidate("xgboost", objective, 0.1)
        for objective in ("reg:quantileerror(quantile_alpha=0.1)", boostloss.Quantile(0.1))
    ]
    results = made_up()
    for candidate in quantiles:
        results.candidates.append(candidate)
        results.fits += [
            Fit(
                candidate, fold, 1.0, describe(candidate.at(1.0)), {"pinball": 1e5, "coverage": 0.1}
            )
            for fold in range(3)
        ]
    text = shown(results, 80)
    headings = "Library by own best boostloss boostloss is ± s.e."
    assert headings in {" ".join(line.split()) for line in text.splitlines()}
    assert "coverage (10%)" in text
    assert max(map(len, text.splitlines())) <= 80


def test_one_fold_has_no_standard_errors():
    results = made_up()
    results.fits = [fit for fit in results.fits if not fit.fold]
    assert "s.e." not in shown(results, 200).replace(wording.LEGEND, "").replace(
        wording.VERDICT_LEGEND, ""
    )


def test_figures_say_what_they_are_compared_with():
    results = made_up()
    y = results.table.y
    constant = metrics.mean_absolute_error(y, np.full(len(y), np.median(y)))
    assert f"a constant, the median, has {constant:.1f}" in wording.title(results, None)
    assert "RMSE is better" in wording.title(made_up(metric="rmse"), None)
    assert "the mean, has" in wording.title(made_up(metric="rmse"), None)
    objectives = ["binary:logistic", boostloss.Logistic()]
    binary = made_up("binary", objectives, "average-precision", size=0.1)
    assert "(higher av. precision is better" in wording.title(binary, None)
    assert "a constant, the share of 'yes', has 0.5500" in wording.title(binary, None)
    assert re.search(r"its av. precision is \d\.\d% ± \d\.\d% lower\.", wording.answer(binary))
    answer = wording.answer(results)
    assert re.search(r"adaptive Huber: its MAE is \d\d\.\d% ± \d\.\d% higher\.$", answer)


def test_a_narrow_page_keeps_the_score():
    page = report.to_html(made_up(), ["homes"])
    hidden = "@media (max-width: 40rem)"
    assert ".r2, .r3, .r4 { display: none; }" in page.partition(hidden)[2]
    headings = re.findall(r'<th class="(?:\w* )?r(\d)">([^<]*)</th>', page)
    kept = [text for rank, text in headings if int(rank) < 2]
    assert kept[:5] == ["Library", "by", "own best", "boostloss", "boostloss is"]
    assert kept[5:] == ["", "Library", "Loss", "MAE", "behind ★"]
    assert "own reg:<wbr>pseudohubererror<wbr>(≈67300)" in page
