"""Real tables for tests and benchmarks; a test that asks for an absent one is skipped."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


def folder() -> Path:
    """Return where the tables lie: ``BOOSTLOSS_DATA``, else beside the repository."""
    return Path(os.environ.get("BOOSTLOSS_DATA", REPOSITORY.parent / "shared" / "data"))


def _path(name: str) -> Path:
    path = folder() / name
    if not path.exists():
        pytest.skip(f"no table {name} in {folder()} (set BOOSTLOSS_DATA)")
    return path


def california_housing() -> tuple[pd.DataFrame, np.ndarray]:
    """House values in 100,000 dollars; one column with missing values, one categorical."""
    table = pd.read_csv(_path("california_housing.csv.gz"), dtype={"ocean_proximity": "category"})
    y = table.pop("median_house_value").to_numpy() / 1e5
    return table, y


def winequality_white() -> tuple[pd.DataFrame, np.ndarray]:
    """Scores of wines, 3 to 9, from eleven measurements."""
    return _last_column(pd.read_csv(_path("winequality-white.csv"), header=None))


def phoneme() -> tuple[pd.DataFrame, np.ndarray]:
    """Nasal (0) or oral (1, 29 %) vowels from five harmonics."""
    return _last_column(pd.read_csv(_path("phoneme.csv"), header=None))


def adult() -> tuple[pd.DataFrame, np.ndarray]:
    """Income above 50,000 dollars (1, 24 %); categorical columns and missing values."""
    path = _path("adult-train.csv.gz")
    table = pd.read_csv(path, header=None, skipinitialspace=True, na_values="?")
    label = table.pop(table.columns[-1])
    text = table.columns[~table.dtypes.map(pd.api.types.is_numeric_dtype)]
    table = table.astype(dict.fromkeys(text, "category")).add_prefix("x")
    return table, (label == ">50K").to_numpy(float)


def lightgbm_regression(part: str = "train") -> tuple[pd.DataFrame, np.ndarray]:
    """LightGBM's regression example: 28 numeric features, a target of 0 or 1."""
    return _first_column(_path(f"lightgbm_regression.{part}.tsv.gz"))


def lightgbm_binary(part: str = "train") -> tuple[pd.DataFrame, np.ndarray]:
    """LightGBM's binary example: 28 numeric features of a Higgs sample."""
    return _first_column(_path(f"lightgbm_binary.{part}.tsv.gz"))


def _first_column(path: Path) -> tuple[pd.DataFrame, np.ndarray]:
    table = pd.read_csv(path, sep="\t", header=None)
    y = table.pop(0).to_numpy(float)
    return table.add_prefix("x"), y


def _last_column(table: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    y = table.pop(table.columns[-1]).to_numpy(float)
    return table.add_prefix("x"), y
