"""What XGBoost and LightGBM do for their own objectives counts beside a loss as well, or is refused.

`test_catboost_defaults.py` compares what CatBoost chooses by itself.
"""

import json

import numpy as np
import pytest
from boosting import SIGNAL, X
from drop_in import drop_in

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES

LABEL = (SIGNAL > 1.0).astype(float)
TASKS = {
    "regression": (bl.SquaredError(), SIGNAL + 3.0),
    "binary": (bl.Logistic(), LABEL),
}
each_task = pytest.mark.parametrize("task", TASKS)


def both(library, task, **parameters):
    """What the own objective predicts, and the loss that says the same."""
    loss, y = TASKS[task]
    own = LIBRARIES[library].own_objectives[task][0]
    models = [
        drop_in(library, loss, own=True).set_params(
            **LIBRARIES[library].parameters(own), **parameters
        ),
        drop_in(library, loss, **parameters),
    ]
    for model in models:
        model.fit(X, y)
    answers = [m.predict(X) if task == "regression" else m.predict_proba(X)[:, 1] for m in models]
    return models, answers


COUNTED = {
    "xgboost": [
        {"base_score": 0.3},
        {"max_delta_step": 0.05},
        {"min_child_weight": 30.0},
        {"reg_alpha": 3.0},
        {"gamma": 2.0},
        {"subsample": 0.5, "sampling_method": "gradient_based"},
        {"booster": "dart", "rate_drop": 0.3},
        {"grow_policy": "lossguide", "max_leaves": 5},
        {"monotone_constraints": (1, 0, 0, 0)},
        {"num_parallel_tree": 2, "subsample": 0.5},
    ],
    "lightgbm": [
        {"boost_from_average": False},
        {"min_sum_hessian_in_leaf": 30.0},
        {"lambda_l1": 3.0},
        {"lambda_l2": 5.0},
        {"bagging_fraction": 0.5, "bagging_freq": 1},
        {"boosting_type": "dart"},
        {"data_sample_strategy": "goss"},
        {"linear_tree": True},
        {"monotone_constraints": [1, 0, 0, 0]},
        {"path_smooth": 3.0},
        {"use_quantized_grad": True},
    ],
}


@pytest.mark.filterwarnings("ignore:Boosting starts far")  # where it was told to start from 0
@pytest.mark.filterwarnings("ignore:[^\\n]*`booster=dart` is deprecated")  # by XGBoost 3.4
@each_task
@pytest.mark.parametrize(
    ("library", "parameters"),
    [(name, each) for name, several in COUNTED.items() for each in [{}, *several]],
    ids=str,
)
def test_a_parameter_counts_as_for_the_own_objective(library, task, parameters):
    _, (theirs, ours) = both(library, task, **parameters)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@each_task
def test_the_configuration_of_xgboost_differs_where_the_documentation_says(task):
    models, _ = both("xgboost", task)
    theirs, ours = (flat(json.loads(m.get_booster().save_config())) for m in models)
    differ = {key for key in theirs | ours if theirs.get(key) != ours.get(key)}
    assert {key.rpartition("/")[2] for key in differ} == {
        "boost_from_average",  # the best constant is given
        "disable_default_eval_metric",  # the loss takes its place
        "metrics",
    }


def flat(tree, path=""):
    if not isinstance(tree, dict):
        return {path: tree}
    return {k: v for key, value in tree.items() for k, v in flat(value, f"{path}/{key}").items()}


@each_task
def test_the_parameters_in_a_model_of_lightgbm_are_those_of_its_own(task):
    models, _ = both("lightgbm", task)
    theirs, ours = (
        set(m.booster_.model_to_string().partition("\nparameters:")[2].splitlines()) for m in models
    )
    names = {line.partition(":")[0] for line in theirs ^ ours if "boostloss" not in line}
    assert names <= {"[objective", "[metric"}


@pytest.mark.parametrize("name", ["scale_pos_weight", "is_unbalance"])
def test_the_weights_of_classes_are_those_of_class_weight(name):
    negative = float(np.sum(LABEL == 0) / np.sum(LABEL == 1))
    value, factor = (3.0, 3.0) if name == "scale_pos_weight" else (True, negative)
    ours = drop_in("lightgbm", bl.Logistic(), **{name: value}).fit(X, LABEL)
    theirs = drop_in("lightgbm", bl.Logistic(), class_weight={0.0: 1.0, 1.0: factor}).fit(X, LABEL)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize(
    ("library", "task", "parameters"),
    [
        ("lightgbm", "regression", {"reg_sqrt": True}),
        ("lightgbm", "regression", {"alpha": 0.3}),
        ("lightgbm", "regression", {"poisson_max_delta_step": 0.1}),
        ("lightgbm", "regression", {"application": "mape"}),
        ("lightgbm", "binary", {"app": "cross_entropy"}),
        ("lightgbm", "binary", {"sigmoid": 2.0}),
        ("lightgbm", "binary", {"pos_bagging_fraction": 0.5, "bagging_freq": 1}),
        ("lightgbm", "binary", {"neg_subsample": 0.5, "bagging_freq": 1}),
        ("catboost", "regression", {"target_border": 1.0}),
        ("catboost", "binary", {"target_border": 0.5}),
    ],
    ids=str,
)
def test_what_a_loss_would_lose_is_refused(library, task, parameters):
    loss, y = TASKS[task]
    name = next(iter(parameters))
    with pytest.raises(ValueError, match=f"{name} must not be given with"):
        drop_in(library, loss, **parameters).fit(X, y)


def test_parameters_that_lose_nothing_are_taken():
    harmless = {"reg_sqrt": False, "sigmoid": 1.0, "pos_bagging_fraction": 1.0}
    judged = {"metric": "quantile", "alpha": 0.9}
    for loss, parameters in ((bl.SquaredError(), harmless), (bl.Quantile(0.9), judged)):
        with_them, without = (
            drop_in("lightgbm", loss, **each).fit(X, SIGNAL).predict(X) for each in (parameters, {})
        )
        np.testing.assert_array_equal(with_them, without)


@pytest.mark.parametrize("task", TASKS)
def test_catboost_starts_from_zero_when_told_so(task):
    loss, y = TASKS[task]
    model = drop_in("catboost", loss, boost_from_average=False).fit(X, y)
    assert model.get_scale_and_bias() == (1.0, 0.0)
    assert drop_in("catboost", loss).fit(X, y).get_scale_and_bias()[1] != 0.0
