"""Parameters of a loss as parameters of the estimator that holds it: ``objective__gamma``."""

import pickle

import numpy as np
import pytest
from boosting import SIGNAL, X, target
from drop_in import NEW_PARAMETERS, drop_in, each_library, fit
from own_losses import overstock, savage
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES


def loss_in(model, library):
    return model.get_params()[LIBRARIES[library].objective]


def nested(library, **parameters):
    """The names that the estimator knows them by."""
    return {f"{LIBRARIES[library].objective}__{name}": v for name, v in parameters.items()}


@pytest.mark.parametrize(
    ("loss", "changes", "expected"),
    [
        (bl.Focal(), {"gamma": 5}, bl.Focal(5.0)),
        (bl.Focal(1.0, 0.25), {"gamma": 0.5, "alpha": None}, bl.Focal(0.5)),
        (bl.Cauchy("adaptive"), {"scale": 2.0}, bl.Cauchy(2.0)),
        (bl.Cauchy(2.0), {"scale": "adaptive"}, bl.Cauchy("adaptive")),
        (bl.Barron("adaptive", 2.0), {"scale": 3.0}, bl.Barron("adaptive", 3.0)),
        (overstock(2.0), {"cap": 7.0}, overstock(2.0, 7.0)),
        (savage(), {}, savage()),
    ],
    ids=repr,
)
def test_a_loss_takes_other_parameters(loss, changes, expected):
    before = repr(loss)
    assert loss.with_parameters(**changes) == expected
    assert repr(loss) == before
    assert loss.with_parameters(**loss.given_parameters()) == loss


@each_library
def test_parameters_of_a_loss_are_listed_set_and_cloned(library):
    loss, names = bl.Focal(1.0, 0.25), LIBRARIES[library]
    model = drop_in(library, loss)
    listed, shallow = model.get_params(deep=True), model.get_params()
    both = nested(library, gamma=1.0, alpha=0.25)
    assert {name: listed[name] for name in listed.keys() - shallow.keys()} == both
    assert model.set_params(**nested(library, gamma=3, alpha=None)) is model
    assert loss_in(model, library) == loss_in(clone(model), library) == bl.Focal(3.0)
    assert loss == bl.Focal(1.0, 0.25)
    model.set_params(**nested(library, gamma=2.0), **{names.objective: bl.Focal(0.0, 0.75)})
    assert loss_in(model, library) == bl.Focal(2.0, 0.75)
    without = drop_in(library, bl.SquaredError()).get_params(deep=True)
    assert not any("__" in name for name in without)
    assert loss_in(type(model)(**model.get_params()), library) == bl.Focal(2.0, 0.75)
    steps = make_pipeline(model)
    assert both.keys() <= {name.partition("__")[2] for name in steps.get_params()}
    steps.set_params(**{f"{steps.steps[0][0]}__{name}": v for name, v in both.items()})
    assert loss_in(model, library) == loss


@each_library
def test_parameters_of_an_adaptive_loss(library):
    model = drop_in(library, bl.Cauchy("adaptive"))
    assert model.get_params(deep=True)[f"{LIBRARIES[library].objective}__scale"] == "adaptive"
    model.set_params(**nested(library, scale=2.0))
    assert loss_in(model, library) == bl.Cauchy(2.0)
    model.set_params(**nested(library, scale="adaptive"))
    assert loss_in(model, library) == bl.Cauchy("adaptive")
    assert fit(library, model, X, SIGNAL).adaptation_["scale"].shape == (8,)


@each_library
def test_what_is_not_allowed_changes_nothing(library):
    objective = LIBRARIES[library].objective
    for loss, changes, error, message in [
        (bl.Focal(), {"gama": 1.0}, ValueError, "'gama' is no parameter of Focal.*gamma, alpha"),
        (bl.SquaredError(), {"delta": 1.0}, ValueError, "no parameter of Squared.*it has none"),
        (bl.Focal(), {"gamma": -1.0}, ValueError, "gamma must be a number from 0 to 1e150, got -1"),
        (bl.Focal(), {"gamma": "5"}, TypeError, "gamma must be a number from 0 to 1e150, got '5'"),
    ]:
        model = drop_in(library, loss)
        with pytest.raises(error, match=message):
            model.set_params(**nested(library, **changes), **{LIBRARIES[library].rounds: 3})
        assert model.get_params() == drop_in(library, loss).get_params()
    model = drop_in(library, LIBRARIES[library].own_objectives["binary"][0])
    with pytest.raises(
        ValueError,
        match=f"{objective}__gamma needs a loss of boostloss as {objective}, got "
        "'.*; nested parameters: none",
    ):
        model.set_params(**nested(library, gamma=1.0))
    model = drop_in(library, bl.Huber(1.0))
    with pytest.raises(ValueError, match=f"los__delta .* parameters: {objective}__delta"):
        model.set_params(los__delta=1.0)


@each_library
@pytest.mark.parametrize("loss", [bl.Focal(2.0), savage(2.0), bl.Huber(0.5)], ids=repr)
def test_a_fit_keeps_them_from_the_booster(library, loss, capfd):
    """The libraries warn of parameters that they do not know, some on standard output alone."""
    model = drop_in(library, type(loss)())
    model.set_params(**nested(library, **loss.given_parameters()))
    settings = {"verbosity": 1} if library != "catboost" else {}
    fit(library, model.set_params(**settings), X, target(loss))
    printed = "".join(capfd.readouterr())
    assert "__" not in printed
    assert loss_in(pickle.loads(pickle.dumps(model)), library) == loss
    expected = fit(library, drop_in(library, loss), X, target(loss)).predict(X)
    np.testing.assert_array_equal(model.predict(X), expected)
    if library in NEW_PARAMETERS:
        model.set_params(**nested(library, **type(loss)().given_parameters()))
        np.testing.assert_array_equal(model.predict(X), expected)


@each_library
def test_a_grid_over_a_parameter_of_a_loss_is_one_over_losses(library):
    y = target(bl.Focal())
    objective = LIBRARIES[library].objective
    gammas = [0.0, 1.0, 5.0]
    model = drop_in(library, bl.Focal(), rounds=4)
    scores = [
        GridSearchCV(model, grid, cv=2, scoring="neg_log_loss")
        .fit(X, y)
        .cv_results_["mean_test_score"]
        for grid in (
            {f"{objective}__gamma": gammas},
            {objective: [bl.Focal(gamma) for gamma in gammas]},
        )
    ]
    np.testing.assert_array_equal(*scores)
    assert len(set(scores[0])) == 3


@each_library
@pytest.mark.parametrize("base", [bl.Huber(1.0), bl.Huber()], ids=repr)
def test_parameters_of_a_loss_within_a_loss(library, base):
    model = drop_in(library, bl.Asymmetric(base, 2.0))
    model.set_params(**model.get_params(deep=True))
    assert loss_in(model, library) == bl.Asymmetric(base, 2.0)
    assert nested(library, base__delta=base.delta).items() <= model.get_params(deep=True).items()
    model.set_params(**nested(library, base__delta=3.0, ratio=4.0))
    assert loss_in(model, library) == bl.Asymmetric(bl.Huber(3.0), 4.0)
    model.set_params(**nested(library, base=bl.Cauchy(), base__scale=5.0))
    assert loss_in(model, library) == bl.Asymmetric(bl.Cauchy(5.0), 4.0)
    for name, message in [
        ("base__delta", r"'delta' is no parameter of Cauchy\(.*it has scale"),
        ("ratio__delta", "ratio__delta needs a loss of boostloss as ratio, got 4.0; .*base__scale"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.set_params(**nested(library, **{name: 1.0}))


@each_library
def test_a_grid_over_a_parameter_of_a_loss_within_a_loss(library):
    deltas = [0.1, 10.0]
    grid = {f"{LIBRARIES[library].objective}__base__delta": deltas}
    model = drop_in(library, bl.Asymmetric(bl.Huber(1.0), 2.0), rounds=4)
    search = GridSearchCV(model, grid, cv=2).fit(X, SIGNAL)
    assert len(set(search.cv_results_["mean_test_score"])) == 2
    assert search.best_estimator_.loss_.base.delta in deltas
