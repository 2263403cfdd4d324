"""Rounds of a loss over Spark's workers, as docs/dask.md has them: the same model as on one machine, and their time.

The very code of that page runs, for a table of 4,000 rows whose features have few values. It needs pyspark and Java,
and ends with 2 without them.

    python -m benchmarks.spark_rounds [--rounds 10] [--workers 2]
"""

import argparse
import importlib.util
import os
import re
import shutil
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost as xgb

import boostloss as bl
from boostloss.xgboost import XGBRegressor

PAGE = Path(__file__).parents[1] / "docs/dask.md"
N = 4000


def code(rounds: int, workers: int) -> str:
    """The only block of the page that its test does not run."""
    (block,) = re.findall(r"^```py\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    for shown, asked in (
        ("range(50)", f"range({rounds})"),
        ('"num_workers": 2', f'"num_workers": {workers}'),
    ):
        if shown not in block:
            raise SystemExit(f"{PAGE} does not say {shown} any more.")
        block = block.replace(shown, asked)
    return block


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    if importlib.util.find_spec("pyspark") is None or shutil.which("java") is None:
        print("needs pyspark (pip install pyspark) and Java", file=sys.stderr)
        return 2
    from pyspark import __version__
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # of the workers

    rng = np.random.default_rng(0)
    X = rng.integers(0, 8, (N, 3)).astype(float)
    y = 100 + 3 * X[:, 0] + rng.standard_cauchy(N)
    loss = bl.Cauchy(1.0)
    spark = SparkSession.builder.master(f"local[{options.workers}]").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    frame = pd.DataFrame(np.column_stack([X, y]), columns=["a", "b", "c", "y"])
    table = spark.createDataFrame(frame).repartition(options.workers)
    names = {"loss": loss, "start": float(loss.fit_intercept(y)), "table": table}
    begin = time.perf_counter()
    exec(compile(code(options.rounds, options.workers), str(PAGE), "exec"), names)
    seconds = time.perf_counter() - begin
    one = XGBRegressor(objective=loss, n_estimators=options.rounds).fit(X, y)
    raw = names["booster"].predict(xgb.DMatrix(frame[["a", "b", "c"]]))
    far = float(np.abs(raw - one.predict(X)).max())
    spark.stop()
    each = seconds / options.rounds
    print(f"Spark {__version__}, XGBoost {xgb.__version__}, {options.workers} workers")
    print(f"{options.rounds} rounds, each of {each:.1f} s")
    print(f"the largest distance of a prediction from that of one machine: {far:.2g}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
