"""CatBoost: labels under names of the user's, and in files."""

import catboost
import numpy as np
import pytest
from catboost_models import SIGNAL, X, drop_in, raw_prediction, target

import boostloss as bl

RARE = target(bl.Logistic())


@pytest.mark.parametrize("labels", [int, float, bool, str])
@pytest.mark.parametrize("names", [[1, 0], [1.0, 0.0], ["1", "0"]], ids=str)
@pytest.mark.parametrize("params", [{}, {"auto_class_weights": "Balanced"}], ids=str)
@pytest.mark.parametrize("loss", [bl.Logistic(), bl.FBeta(2.0)], ids=repr)
def test_names_of_another_type_than_the_labels(loss, params, names, labels):
    model = drop_in(loss, class_names=names, **params).fit(X, RARE.astype(labels))
    expected = drop_in(loss, class_names=[1, 0], **params).fit(X, RARE)
    assert model.classes_.tolist() == names
    np.testing.assert_array_equal(raw_prediction(model), raw_prediction(expected))
    assert model.get_probability_threshold() == expected.get_probability_threshold()


@pytest.mark.parametrize("labels", [int, float])
def test_names_the_other_way_round_turn_the_scores(labels):
    model = drop_in(bl.Logistic(), class_names=[1, 0]).fit(X, RARE.astype(labels))
    usual = drop_in(bl.Logistic()).fit(X, RARE)
    np.testing.assert_allclose(raw_prediction(model), -raw_prediction(usual), rtol=1e-6)


def test_weights_of_classes_that_are_named_in_another_order():
    weights = {1: 3.0, 0: 1.0}  # by which CatBoost names the classes
    for loss in (bl.Logistic(), bl.FBeta(2.0)):
        model = drop_in(loss, class_weights=weights).fit(X, RARE.astype(float))
        named = drop_in(loss, class_names=[1.0, 0.0], class_weights=[3.0, 1.0])
        named.fit(X, RARE.astype(float))
        np.testing.assert_array_equal(raw_prediction(model), raw_prediction(named))
        assert model.get_probability_threshold() == named.get_probability_threshold()


def test_texts_are_not_compared_as_numbers():
    model = drop_in(bl.Logistic()).fit(X, np.where(RARE, "1", "01"))
    assert model.score(X, np.where(RARE, "1", "01")) > 0.8
    turned = drop_in(bl.Logistic(), class_names=["1", "01"]).fit(X, np.where(RARE, "1", "01"))
    np.testing.assert_allclose(
        turned.predict_proba(X)[:, 0], drop_in(bl.Logistic()).fit(X, RARE).predict_proba(X)[:, 1]
    )


@pytest.fixture
def file(tmp_path):
    """Writes rows with their labels in the last column, and what the columns are."""

    def write(y):
        np.savetxt(tmp_path / "rows.tsv", np.column_stack([X, y]), "%.9g", "\t")
        (tmp_path / "columns.txt").write_text("4\tLabel\n")
        return tmp_path / "rows.tsv", str(tmp_path / "columns.txt")

    return write


@pytest.mark.parametrize(
    ("loss", "y"),
    [
        (bl.Huber(1.0), SIGNAL),
        (bl.Normal(), SIGNAL),
        (bl.Quantile([0.1, 0.9]), SIGNAL),
        (bl.FBeta(2.0), RARE),
        (bl.Focal(), RARE),
        (bl.Focal(), np.digitize(SIGNAL, [-0.5, 0.5])),
        (bl.Logistic(), np.digitize(SIGNAL, [-0.5, 0.5])),
    ],
    ids=["regression", "distribution", "quantiles", "threshold", "binary", "classes", "softmax"],
)
def test_a_path_is_the_pool_of_its_file(loss, y, file):
    path, columns = file(y)
    pool = catboost.Pool(path, column_description=columns)
    for given in (path, str(path)):
        model = drop_in(loss).fit(given, eval_set=given, column_description=columns)
        expected = drop_in(loss).fit(pool, eval_set=pool)
        np.testing.assert_array_equal(raw_prediction(model), raw_prediction(expected))
        if isinstance(loss, bl.FBeta):
            assert model.get_probability_threshold() == expected.get_probability_threshold() < 0.4
    several = drop_in(loss).fit(path, eval_set=[str(path)], column_description=columns)
    np.testing.assert_array_equal(raw_prediction(several), raw_prediction(expected))


def test_labels_beside_a_file_are_refused(file):
    path, columns = file(SIGNAL)
    with pytest.raises(catboost.CatBoostError, match="Incorrect value of y"):
        drop_in(bl.Huber(1.0)).fit(path, SIGNAL, column_description=columns)


def test_exposure_needs_targets_beside_it(file):
    exposure = np.ones(len(X))
    with pytest.raises(ValueError, match="y must be given with exposure"):
        drop_in(bl.Poisson()).fit(X, exposure=exposure)
    path, columns = file(RARE)
    with pytest.raises(ValueError, match="exposure must not be given with a Pool"):
        drop_in(bl.Poisson()).fit(path, exposure=exposure, column_description=columns)
