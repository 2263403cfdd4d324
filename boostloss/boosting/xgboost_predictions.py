"""What XGBoost predicts with a loss from tables that it would misread, and from those without rows."""

from typing import Any

from numpy.typing import NDArray

from boostloss.boosting import targets


class RawPredictions:
    """A base of both estimators, before XGBoost's own: its `predict` refuses the other byte order, as `fit` does, and
    keeps the columns of predictions that have no rows."""

    loss_: Any

    def predict(self, X: Any, *, base_margin: Any = None, **options: Any) -> NDArray:
        if self.loss_ is not None:
            targets.check_byte_order(X=X, base_margin=base_margin)
        found = super().predict(X, base_margin=base_margin, **options)  # type: ignore[misc]
        if self.loss_ is None or len(found) > 0:
            return found
        n_classes = len(getattr(self, "classes_", ()))
        k = n_classes if n_classes > 2 else self.loss_.n_outputs
        return found.reshape(0, k) if k > 1 else found  # XGBoost leaves out the columns
