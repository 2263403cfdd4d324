"""XGBoost's and LightGBM's estimators for Dask, which take a boostloss loss as objective.

The same model as on one machine, wherever the rows lie. Each pair needs its own library, and Dask with its scheduler.
"""

import importlib
from typing import Any

__all__ = ["DaskLGBMClassifier", "DaskLGBMRegressor", "DaskXGBClassifier", "DaskXGBRegressor"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    library = "xgboost" if "XGB" in name else "lightgbm"
    return getattr(importlib.import_module(f"{__name__}.{library}"), name)


def __dir__() -> list[str]:
    return __all__
