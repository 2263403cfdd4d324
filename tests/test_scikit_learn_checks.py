"""scikit-learn's own checks of estimators: ours fail where the libraries' own do."""

import warnings

import pytest
from drop_in import drop_in, each_library
from own_losses import power_loss
from sklearn.utils.estimator_checks import check_estimator

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES
from boostloss.losses.columns import Columns


def failures(model):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results = check_estimator(model, on_skip=None, on_fail=None)
    assert len(results) > 40
    return {r["check_name"] for r in results if r["status"] not in {"passed", "skipped"}}


# They want predictions of the shape of a target that is one column, and of two fits that add up in another order the
# same last digit of float32, in which a step of several levels may differ (`test_repeated_rows` has their gradients).
SEVERAL = {
    "check_estimator_sparse_array",
    "check_estimator_sparse_matrix",
    "check_regressors_train",
    "check_sample_weight_equivalence_on_dense_data",
    "check_sample_weight_equivalence_on_sparse_data",
}
LOSSES = [bl.Quantile(), bl.Focal(), bl.Quantile([0.1, 0.9]), bl.Huber(), power_loss(1.0)]


@each_library
@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_scikit_learn_checks_fail_only_where_the_parents_do(library, loss):
    own = LIBRARIES[library].own_objectives[loss.task][0]
    parent = drop_in(library, loss, own=True).set_params(**LIBRARIES[library].parameters(own))
    several = SEVERAL if isinstance(loss, Columns) else set()
    assert failures(drop_in(library, loss)) <= failures(parent) | several
