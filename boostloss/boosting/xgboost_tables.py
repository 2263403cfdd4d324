"""Tables that XGBoost would misread, and predictions of those without rows."""

from functools import wraps
from typing import Any

import xgboost as xgb
from numpy.typing import NDArray

from boostloss.boosting import targets
from boostloss.boosting.estimators import require_names
from boostloss.boosting.libraries import XGBOOST

require_names(XGBOOST, xgb.XGBModel, ("_create_dmatrix",))


class CheckedTables:
    """A base of both estimators, before XGBoost's own.

    `predict` and `apply` refuse the other byte order, as `fit` does; numbers of extended precision, which XGBoost
    misreads where they are strided, become float64 in all three; predictions without rows keep their columns.
    """

    loss_: Any

    def _create_dmatrix(self, ref: Any, **parts: Any) -> Any:
        """The table of a fit, or of an evaluation set, for XGBoost."""
        given = {name: targets.in_double_precision(part) for name, part in parts.items()}
        return super()._create_dmatrix(ref, **given)  # type: ignore[misc]

    def predict(self, X: Any, *, base_margin: Any = None, **options: Any) -> NDArray:
        if self.loss_ is not None:
            targets.check_byte_order(X=X, base_margin=base_margin)
        given = targets.in_double_precision(X), targets.in_double_precision(base_margin)
        found = super().predict(given[0], base_margin=given[1], **options)  # type: ignore[misc]
        if self.loss_ is None or len(found) > 0:
            return found
        n_classes = len(getattr(self, "classes_", ()))
        k = n_classes if n_classes > 2 else self.loss_.n_outputs
        return found.reshape(0, k) if k > 1 else found  # XGBoost leaves out the columns

    @wraps(xgb.XGBModel.apply)
    def apply(self, X: Any, *args: Any, **options: Any) -> NDArray:
        if self.loss_ is not None:
            targets.check_byte_order(X=X)
        return super().apply(targets.in_double_precision(X), *args, **options)  # type: ignore[misc]
