"""Small drop-in estimators of every library, made from its record."""

import pytest

from boostloss.boosting.libraries import LIBRARIES

SMALL = {
    "xgboost": {"max_depth": 3},
    "lightgbm": {"num_leaves": 7},
    "catboost": {"max_depth": 3},
}
NEW_PARAMETERS = [name for name in LIBRARIES if name != "catboost"]  # may change after a fit
each_library = pytest.mark.parametrize("library", LIBRARIES)
each_library_with_new_parameters = pytest.mark.parametrize("library", NEW_PARAMETERS)


def drop_in(library, loss, own=False, rounds=8, stop=None, **parameters):
    """An estimator for the loss; `own` is the library's own, `stop` how long it waits for an improvement."""
    record = LIBRARIES[library]
    settings = record.parameters(loss) | {record.rounds: rounds, record.threads: 1, record.seed: 0}
    if stop is not None:
        settings[record.early_stopping] = stop
    kind = record.estimator("regression" if isinstance(loss, str) else loss.task, own)
    return kind(**settings | record.settings | SMALL.get(library, {}) | parameters)


def fit(library, model, X, y, **options):
    return model.fit(X, y, **LIBRARIES[library].fit_options() | options)


def raw_prediction(library, model, X):
    return model.predict(X, **LIBRARIES[library].raw_prediction)


def fitted_loss(library, model):
    """The loss of a fitted or loaded estimator."""
    return model.loss if library == "catboost" else model.loss_
