"""What LightGBM takes as an objective: the loss itself."""

from collections.abc import Callable

from boostloss.boosting.objective import require_loss
from boostloss.losses.base import Loss


def objective(loss: Loss) -> Callable:
    """The objective for ``params["objective"]`` of `lightgbm.train` and ``objective`` of its estimators.

    Parameters
    ----------
    loss : Loss

    Returns
    -------
    callable
        The loss itself.

    Examples
    --------
    >>> import boostloss as bl
    >>> import numpy as np
    >>> import lightgbm as lgb
    >>> from boostloss.lightgbm import objective
    >>> X = np.arange(100.0)[:, None]
    >>> rows = lgb.Dataset(X, X[:, 0], init_score=np.full(100, 49.5))
    >>> booster = lgb.train({"objective": objective(bl.Huber(10.0)), "verbose": -1}, rows, 5)
    >>> booster.current_iteration()
    5
    """
    return require_loss(loss)
