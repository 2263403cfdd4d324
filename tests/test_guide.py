"""The guide knows every loss, and what it says of the libraries is what they do."""

import ast
import inspect
import re

import numpy as np
import pytest

import boostloss as bl
from boostloss.losses import entries
from boostloss.losses.catalogue import DISTRIBUTIONS
from boostloss.losses.finding import find, near
from boostloss.losses.guide import ENTRIES, by_situation
from boostloss.losses.tables import LOSSES_OF_TABLES

LIBRARIES = [key for key in entries.LIBRARIES if key not in ("sklearn", "torch")]
NAMED = [
    pytest.param(item, library, text, id=f"{item.name}-{text}")
    for item in ENTRIES
    for library in LIBRARIES
    for text in item.names.get(library, ())
]
ROWS = 40
# What is told is the square root of the mean, or which rows are wrong: nothing to compare with.
ROOTS = {"reg:squarederror", "RMSE"}
OTHERS = {"reg:logistic": {"eval_metric": "logloss"}}  # by default it tells another one
DECISIONS = {"binary:hinge"}
# Of several classes, which the others are not.
CLASSES = {"multi:softprob", "multiclass", "MultiClass"}


def test_every_loss_has_one_entry():
    assert len(bl.LOSSES) >= 15
    known = (*bl.LOSSES, *LOSSES_OF_TABLES, *DISTRIBUTIONS)
    assert sorted(item.name for item in ENTRIES) == sorted(kind.__name__ for kind in known)
    assert {item.kind for item in ENTRIES} == set(known)
    assert sum(map(len, by_situation().values())) == len(ENTRIES)
    assert all(by_situation().values())


@pytest.mark.parametrize("item", ENTRIES, ids=lambda item: item.name)
def test_what_is_said_is_whole(item):
    for text in (item.use, item.constant, item.cost, item.link, item.curvature):
        assert len(text) > 3
    assert item.cost.endswith(".")
    assert set(item.names) <= set(entries.LIBRARIES)
    assert list(item.parameters) == list(item.defaults)


def test_formula_and_parameters_are_those_of_the_docstring():
    (huber,) = find("Huber")
    assert huber.formula == "error^2 / 2 while |error| <= delta, delta (|error| - delta/2) beyond"
    assert huber.signature == "Huber(delta='adaptive')"
    assert huber.parameters["delta"].startswith("Where squared error ends")
    (asymmetric,) = find("asymmetric")
    assert asymmetric.signature == "Asymmetric(base, ratio)"


@pytest.mark.parametrize("item", ENTRIES, ids=lambda item: item.name)
def test_no_formula_is_written_twice(item):
    assert re.search(r"[*/^(]|mean", item.formula)
    assert inspect.getdoc(item.kind).replace("`", "").partition(": ")[2].startswith(item.formula)
    assert item.formula not in inspect.getsource(inspect.getmodule(find))


CONSTANTS = {
    "the mean": np.mean,
    "the median": np.median,
    "the share of label 1": np.mean,
    "the share of each class": np.mean,
    "the quantile": lambda y: np.quantile(y, 0.8, method="inverted_cdf"),
    "-log(mean of exp(-a y)) / a": lambda y: -np.log(np.mean(np.exp(-y))),
}


@pytest.mark.parametrize(
    "item", [x for x in ENTRIES if x.constant in CONSTANTS], ids=lambda item: item.name
)
def test_the_best_constant_is_the_one_that_is_said(item):
    y, _ = rows(item)
    best = np.atleast_1d(item.loss.fit_intercept(y[1:]))
    best = best[None] if item.loss.n_outputs == 2 else best
    expected = CONSTANTS[item.constant](y[1:])
    np.testing.assert_allclose(item.loss.inverse_link(best), expected, rtol=1e-6)


def test_most_constants_are_tried():
    assert len([x for x in ENTRIES if x.constant in CONSTANTS]) > len(ENTRIES) / 2


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("huber", ["Huber"]),
        ("Huber(delta=2.0)", ["Huber"]),
        ("pseudo-huber", ["PseudoHuber"]),
        ("modified_huber", ["ModifiedHuber"]),
        ("reg:tweedie", ["Tweedie"]),
        ("Huber:delta=1.0", ["Huber"]),
        ("MAE", ["AbsoluteError"]),
        ("BCEWithLogitsLoss", ["CrossEntropy", "Logistic"]),
        ("nothing", []),
        ("", []),
    ],
)
def test_a_loss_is_found_by_its_name_and_by_those_of_the_libraries(text, names):
    assert [item.name for item in find(text)] == names


def test_near_names_are_like_it_or_meant_by_it():
    assert near("hubr") == ["Huber"]
    assert "Quantile" in near("pinball")
    assert "Exponential" in near("AdaBoost")
    assert near("mape") == ["AbsoluteError"]
    assert near("zzz") == near("") == []


def with_numbers(item, text):
    """A loss, with other numbers where a library's name for it takes them, and that name with them."""
    given = item.loss.given_parameters()
    named = [key for key in re.findall(r"=(\w+)", text) if key in given]
    loss = item.loss.with_parameters(**{key: 0.7 * (given[key] or 0.5) for key in named})
    given = loss.given_parameters()
    return loss, re.sub(r"=(\w+)", lambda match: f"={given.get(match[1], match[1])}", text)


def rows(item):
    """Targets, and three raw predictions for them."""
    rng = np.random.default_rng(0)
    y = rng.gamma(2.0, size=ROWS)
    if item.loss.task == "binary":
        y = (y > 1.5).astype(float)
    elif item.loss.link_name == "logit":
        y = y / (1.0 + y)
    shape = (ROWS, 2) if item.loss.n_outputs == 2 else ROWS
    return y, [0.6 * rng.normal(size=shape) for _ in range(3)]


def metric_of_xgboost(text, y, f):
    import xgboost

    name, _, parameter = text.rstrip(")").partition("(")
    options = dict([parameter.split("=")]) if parameter else {}
    data = xgboost.DMatrix(np.zeros((ROWS, 1)), y, base_margin=f)
    told = {}
    settings = {"objective": name, "eta": 0.0, "nthread": 1, **options}
    settings |= OTHERS.get(name, {})
    xgboost.train(settings, data, 1, evals=[(data, "it")], evals_result=told, verbose_eval=False)
    return next(iter(told["it"].values()))[0]


def metric_of_lightgbm(text, y, f):
    import lightgbm

    name, _, parameter = text.rstrip(")").partition("(")
    options = dict([parameter.split("=")]) if parameter else {}
    settings = {"objective": name, "learning_rate": 1e-12, "num_threads": 1, "verbosity": -1}
    data = lightgbm.Dataset(np.arange(ROWS)[:, None], y, init_score=f, params={"verbosity": -1})
    told = {}
    lightgbm.train(
        settings | options,
        data,
        1,
        valid_sets=[data],
        valid_names=["it"],
        callbacks=[lightgbm.record_evaluation(told)],
    )
    return next(iter(told["it"].values()))[0]


def metric_of_catboost(text, y, f):
    from catboost.utils import eval_metric

    return eval_metric(y, f.tolist(), text, thread_count=1)[0]


@pytest.mark.parametrize(("item", "library", "text"), NAMED)
def test_the_objective_of_that_name_is_that_loss(item, library, text):
    pytest.importorskip(library)
    loss, own = with_numbers(item, text)
    name = re.split(r"[(]|:(?=\w+=)", own)[0]
    if name in CLASSES | DECISIONS:
        pytest.skip("its metric is not that of two raw predictions")
    y, predictions = rows(item)
    tell = globals()[f"metric_of_{library}"]
    theirs = np.array([tell(own, y, f) for f in predictions])
    if name in ROOTS:
        theirs = theirs**2
    ours = np.array([loss.mean_loss(y, f) for f in predictions])
    # But for a factor, and for what no prediction changes.
    slopes = np.diff(theirs) / np.diff(ours)
    assert slopes[0] > 0.0
    assert slopes[1] == pytest.approx(slopes[0], rel=2e-3)


def test_a_relative_error_is_the_absolute_one_with_weights():
    pytest.importorskip("lightgbm")
    pytest.importorskip("catboost")
    (item,) = find("AbsoluteError")
    y, predictions = rows(item)
    for f in predictions:
        ours = item.loss.loss(y, f, 1.0 / np.maximum(1.0, np.abs(y))).mean()
        assert metric_of_lightgbm("mape", y, f) == pytest.approx(ours)
        assert metric_of_catboost("MAPE", y, f) == pytest.approx(ours)


def calls(library):
    return [
        pytest.param(item, *with_numbers(item, text), id=text)
        for item in ENTRIES
        for text in item.names.get(library, ())
    ]


@pytest.mark.parametrize(("item", "loss", "text"), calls("sklearn"))
def test_scikit_learn_has_an_estimator_of_that_name(item, loss, text):
    pytest.importorskip("sklearn")
    from sklearn.utils.discovery import all_estimators

    call = ast.parse(text, mode="eval").body
    given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    kind = dict(all_estimators())[call.func.id]
    y, _ = rows(item)
    X = np.arange(ROWS)[:, None] / ROWS
    if call.func.id.startswith("Hist"):
        given["max_iter"] = 1  # each round takes all cores
    assert kind(**given).fit(X, y).predict(X).shape == (ROWS,)


@pytest.mark.torch
@pytest.mark.parametrize(("item", "loss", "text"), calls("torch"))
def test_torch_has_a_module_of_that_name(item, loss, text):
    torch = pytest.importorskip("torch")
    call = ast.parse(text, mode="eval").body
    given = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
    module = getattr(torch.nn, call.func.id)(**given)
    if call.func.id == "CrossEntropyLoss":
        return  # of a score for each class
    y, predictions = rows(item)
    theirs = [module(torch.tensor(f), torch.tensor(y)).item() for f in predictions]
    ours = [loss.mean_loss(y, f) for f in predictions]
    slopes = np.diff(theirs) / np.diff(ours)
    assert slopes[1] == pytest.approx(slopes[0], rel=1e-6)
