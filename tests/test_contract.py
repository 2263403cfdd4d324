"""What the drop-in estimators of all libraries have in common; a further library is tested by its record."""

import dataclasses
import json
import pickle
import warnings

import numpy as np
import pytest
from boosting import SIGNAL, WEIGHT, X, target
from drop_in import (
    NEW_PARAMETERS,
    drop_in,
    each_library,
    each_library_with_new_parameters,
    fit,
    fitted_loss,
    raw_prediction,
)
from golden import write as golden
from sklearn.base import clone

import boostloss as bl
from boostloss.boosting.estimators import require_names
from boostloss.boosting.libraries import LIBRARIES, XGBOOST
from boostloss.boosting.records import CLASSES, KEYS, LOSS, record, restore, restore_classes
from boostloss.boosting.targets import balancing_factors, encode_as, encode_labels, weigh_classes
from boostloss.xgboost import XGBRegressor

FOLDER = golden.FOLDER
NAMES = np.array(["no: []", 'a "b" \\u003a\n'])  # that no file format should trip over


def labels(loss):
    y = target(loss)
    return y if loss.task == "regression" else NAMES[y.astype(int)]


def outcome(model):
    """Whatever a fitted estimator answers."""
    return model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)


# ------------------------------------------------------------------------- files of 0.1.0


@pytest.mark.parametrize("file", sorted(json.loads((FOLDER / "predictions.json").read_text())))
def test_saved_models_of_version_0_1_0_load(file):
    library, _, name = file.partition(".")[0].partition("-")
    loss = golden.LOSSES[name]
    model = drop_in(library, loss)
    model.load_model(str(FOLDER / file))
    assert fitted_loss(library, model) == loss
    binary = loss.task == "binary"
    found = model.predict_proba(golden.ROWS)[:, 1] if binary else model.predict(golden.ROWS)
    expected = json.loads((FOLDER / "predictions.json").read_text())[file]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    if binary:
        assert model.classes_.tolist() == ["no: []", "yes"]
        assert set(model.predict(golden.ROWS)) <= {"no: []", "yes"}


def test_pickled_losses_of_version_0_1_0_load():
    found = pickle.loads((FOLDER / "losses.pickle").read_bytes())
    assert found == golden.PICKLED
    assert [repr(loss) for loss in found] == [repr(loss) for loss in golden.PICKLED]
    assert pickle.loads(pickle.dumps(found)) == found
    for loss in found:
        y, f = target(loss), np.full(500, 0.5)
        np.testing.assert_array_equal(loss.loss(y, f), pickle.loads(pickle.dumps(loss)).loss(y, f))


def test_modules_of_version_0_1_0_are_found_under_their_old_names():
    from boostloss._catboost_slots import Metric
    from boostloss.adaptive import Adaptive
    from boostloss.binary import Focal
    from boostloss.boosting import catboost_objective
    from boostloss.loss import Loss
    from boostloss.losses.adaptive import Adaptive as Moved
    from boostloss.regression import Huber

    assert (Focal, Loss, Huber) == (bl.Focal, bl.Loss, bl.Huber)
    assert (Adaptive, Metric) == (Moved, catboost_objective.Metric)


# ----------------------------------------------------------------------- fits that fail


def failing(library, error):
    """Parameters, and options of the fit, with a callback that raises in the third round."""
    if library == "xgboost":
        from xgboost.callback import TrainingCallback

        class Fail(TrainingCallback):
            def after_iteration(self, model, epoch, evals_log):
                if epoch == 2:
                    raise error

        return {"callbacks": [Fail()]}, {}

    class Fail:
        def __call__(self, env):
            if env.iteration == 2:
                raise error

        def after_iteration(self, info):
            if info.iteration == 3:
                raise error
            return True

    return {}, {"callbacks": [Fail()]}


ERRORS = pytest.mark.parametrize(
    ("error", "caught"),
    [(RuntimeError("halt"), Exception), (KeyboardInterrupt(), KeyboardInterrupt)],
    ids=["error", "interrupt"],
)
EVERY_ESTIMATOR = pytest.mark.parametrize(
    "loss", [bl.Huber(1.0), bl.Cauchy("adaptive"), bl.Focal()], ids=repr
)


@each_library
@EVERY_ESTIMATOR
@ERRORS
def test_a_first_fit_that_fails_leaves_an_unfitted_estimator(library, loss, error, caught):
    parameters, options = failing(library, error)
    model = drop_in(library, loss, **parameters)
    before = set(vars(model))
    with pytest.raises(caught, match="halt" if caught is Exception else None):
        fit(library, model, X, labels(loss), **options)
    assert set(vars(model)) == before
    with pytest.raises(Exception, match=r"fit|trained"):
        model.predict(X)


@each_library
@EVERY_ESTIMATOR
@ERRORS
def test_a_new_fit_that_fails_leaves_the_earlier_one(library, loss, error, caught):
    model = fit(library, drop_in(library, loss), X, labels(loss))
    before, history = outcome(model), getattr(model, "adaptation_", None)
    parameters, options = failing(library, error)
    if library in NEW_PARAMETERS:
        other = bl.Logistic() if loss.task == "binary" else bl.SquaredError()
        model.set_params(**LIBRARIES[library].parameters(other), **parameters)
    with pytest.raises(caught, match="halt" if caught is Exception else None):
        fit(library, model, X[::-1], labels(loss), **options)
    np.testing.assert_array_equal(outcome(model), before)
    assert fitted_loss(library, model) == loss
    assert getattr(model, "adaptation_", None) is history
    if loss.task == "binary":
        assert set(model.predict(X)) <= set(NAMES)


@each_library_with_new_parameters
def test_a_string_that_fails_leaves_the_earlier_fit_with_a_loss(library):
    model = fit(library, drop_in(library, bl.Focal()), X, labels(bl.Focal()))
    before = outcome(model)
    model.set_params(**LIBRARIES[library].parameters("binary:logistic" * (library == "xgboost")))
    with pytest.raises(ValueError, match=r"Invalid size|inconsistent"):
        fit(library, model, X, labels(bl.Focal())[:10])
    np.testing.assert_array_equal(outcome(model), before)


# --------------------------------------------------------------------------- parameters


@each_library_with_new_parameters
@EVERY_ESTIMATOR
def test_a_new_objective_waits_for_the_next_fit(library, loss):
    names, y = LIBRARIES[library], labels(loss)
    model = fit(library, drop_in(library, loss), X, y)
    before = outcome(model)
    other = bl.Logistic() if loss.task == "binary" else bl.SquaredError()
    for objective in (other, names.own_objectives[loss.task][0]):
        model.set_params(**names.parameters(objective))
        np.testing.assert_array_equal(outcome(model), before)
        before = outcome(fit(library, model, X, y))
        np.testing.assert_array_equal(outcome(fit(library, clone(model), X, y)), before)
    assert fitted_loss(library, model) is None


@each_library
@EVERY_ESTIMATOR
def test_a_fit_leaves_the_parameters_alone(library, loss):
    model = drop_in(library, loss)
    before = model.get_params()
    fit(library, model, X, labels(loss), sample_weight=WEIGHT)
    assert model.get_params() == clone(model).get_params() == before
    assert model.get_params()[LIBRARIES[library].objective] is loss


@each_library
@EVERY_ESTIMATOR
def test_a_pickle_of_a_fitted_estimator_is_the_same(library, loss):
    model = fit(library, drop_in(library, loss), X, labels(loss))
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(outcome(again), outcome(model))
    assert fitted_loss(library, again) == loss
    assert hasattr(again, "adaptation_") == hasattr(model, "adaptation_")


@each_library
def test_a_loss_of_the_other_task_is_refused(library):
    for task, loss in [("regression", bl.Focal()), ("binary", bl.Huber(1.0))]:
        kind = LIBRARIES[library].estimator(task)
        model = kind(**LIBRARIES[library].parameters(loss), **LIBRARIES[library].settings)
        with pytest.raises(
            ValueError, match=rf"{kind.__name__} takes a {task} loss, got {loss!r}"[:40]
        ):
            fit(library, model, X, SIGNAL > 0)


# ------------------------------------------------------------------------------ records


@each_library
@EVERY_ESTIMATOR
def test_a_saved_model_knows_its_loss_and_classes(library, loss, tmp_path):
    model = fit(library, drop_in(library, loss), X, labels(loss))
    model.save_model(str(tmp_path / "model.json"))
    loaded = drop_in(library, loss)
    loaded.load_model(str(tmp_path / "model.json"))
    assert fitted_loss(library, loaded) == loss
    np.testing.assert_array_equal(outcome(loaded), outcome(model))
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    fit(library, loaded, X, labels(loss))


@each_library
def test_a_file_of_the_other_task_changes_nothing(library, tmp_path):
    model = fit(library, drop_in(library, bl.Huber(1.0)), X, SIGNAL)
    before = model.predict(X)
    other = fit(library, drop_in(library, bl.Focal()), X, SIGNAL > 0)
    other.save_model(str(tmp_path / "model.json"))
    with pytest.raises((ValueError, TypeError), match="regress"):
        model.load_model(str(tmp_path / "model.json"))
    np.testing.assert_array_equal(model.predict(X), before)
    assert fitted_loss(library, model) == bl.Huber(1.0)


@pytest.mark.parametrize("classes", [None, NAMES[::-1], np.array([-1, 1]), np.array([False, True])])
def test_a_record_is_read_back(classes):
    loss = bl.Focal(0.5, 0.25)
    texts = record(loss, classes)
    assert set(texts) <= set(KEYS)
    assert restore(texts, drop_in("xgboost", loss)) == loss
    if classes is not None:
        np.testing.assert_array_equal(restore_classes(texts), classes)
        assert restore_classes(texts).dtype.kind == classes.dtype.kind


def test_no_record_is_no_loss():
    assert restore({}, XGBRegressor()) is None


@pytest.mark.parametrize("text", ["Huber(delta=", "Huber(delta=-1.0)", "Hubert()", "Huber('a')"])
def test_an_edited_record_is_a_clear_error(text):
    with pytest.raises(
        ValueError, match=r"the model.s record of its loss, .* is none that boostloss"
    ):
        restore({LOSS: text}, XGBRegressor())


@pytest.mark.parametrize("text", [None, "", "[1]", "[1, 3, 2]", '{"a": 1}', "[1, [2]]", "no"])
def test_a_record_without_classes_is_a_clear_error(text):
    with pytest.raises(ValueError, match="record must name its classes, in order, got"):
        restore_classes({CLASSES: text})


# --------------------------------------------------------------------- targets and weights


def test_labels_are_encoded():
    classes, y = encode_labels(["b", "a", "b"])
    assert (classes.tolist(), y.tolist()) == (["a", "b"], [1.0, 0.0, 1.0])
    assert encode_as(np.array(["a"]), ["a", "a"]).tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match=r"eval must hold the classes \['a', 'b'\] .* got \['c'\]"):
        encode_as(classes, ["a", "c"], "eval")


def test_classes_are_weighed():
    y, weight = np.array([0, 1, 1, 1]), np.array([1.0, 2.0, 1.0, 1.0])
    assert balancing_factors(y).tolist() == [3.0, 1.0]
    assert balancing_factors(y, weight).tolist() == [4.0, 1.0]
    assert balancing_factors(np.ones(3)).tolist() == [1.0, 1.0]
    assert weigh_classes(y, weight, (1.0, 1.0)) is weight
    assert weigh_classes(y, None, (1.0, 3.0)).tolist() == [1.0, 3.0, 3.0, 3.0]
    assert weigh_classes(y, weight, (2.0, 1.0)).tolist() == [2.0, 2.0, 1.0, 1.0]


# -------------------------------------------------------------------------------- library


@each_library
def test_a_record_names_what_is_there(library):
    names = LIBRARIES[library]
    for task in names.estimators:
        for own in (False, True):
            parameters = names.estimator(task, own)().get_params()
            given = {names.objective, names.rounds, names.learning_rate, names.threads, names.seed}
            if library == "xgboost":  # the others take parameters that they do not list
                assert given | {names.early_stopping} <= set(parameters)
    model = drop_in(library, bl.Huber(1.0), rounds=300, stop=3, **{names.learning_rate: 0.5})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The argument 'eval_set' is deprecated")
        fit(library, model, X[:300], SIGNAL[:300], eval_set=[(X[300:], SIGNAL[300:])])
    *_, log = (metrics for metrics in names.metric_history(model).values() if metrics)
    assert names.kept_rounds(model) == np.argmin(log["Huber"]) + 1 < 300
    raw = raw_prediction(library, model, X[300:])
    assert min(log["Huber"]) == pytest.approx(bl.Huber(1.0).mean_loss(SIGNAL[300:], raw), rel=1e-5)
    more = drop_in(library, bl.Huber(1.0), rounds=2)
    before = model if library != "xgboost" else model.get_booster()
    fit(library, more, X[:300], SIGNAL[:300], **{names.continue_from: before})
    assert np.abs(more.predict(X[:300]) - SIGNAL[:300]).mean() < 0.5


def test_an_unknown_version_is_refused_by_name():
    with pytest.raises(
        ImportError, match=r"boostloss\.xgboost builds on _gone, _too of str, .* xgboost \d"
    ):
        require_names(XGBOOST, str, ["upper", "_gone", "_too"])


def test_a_record_can_not_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        XGBOOST.title = "another"
