"""Write the saved models and pickles that later versions must read: ``python -m tests.golden.write FOLDER``.

They were written once, by version 0.1.0 with xgboost 3.2.0, lightgbm 4.7.0 and catboost 1.2.10, and are not written
again: a new version adds a folder of its own.
"""

import json
import pickle
import sys
from pathlib import Path

import numpy as np

import boostloss as bl
from boostloss.boosting.libraries import LIBRARIES

FOLDER = Path(__file__).parent / "0.1.0"
rng = np.random.default_rng(0)
X = rng.integers(0, 10, (60, 2)).astype(float)
SIGNAL = X[:, 0] + np.sin(X[:, 1])
ROWS = X[:20]

LOSSES = {
    "huber": bl.Huber(2.0),
    "quantile": bl.Quantile(0.9),
    "adaptive": bl.Barron(0.0, "adaptive"),
    "logistic": bl.Logistic(),
    "focal": bl.Focal(1.0, 0.25),
}
# All of version 0.1.0.
KINDS = [bl.SquaredError, bl.Huber, bl.LogCosh, bl.Quantile, bl.Barron, bl.Charbonnier, bl.Cauchy]
KINDS += [bl.GemanMcClure, bl.Welsch, bl.Logistic, bl.Focal]
PICKLED = [getattr(kind(), "example", kind()) for kind in KINDS]  # 1 for what is adaptive
PICKLED += [bl.Focal(0.5, 0.25), bl.Barron(-np.inf, 3.0), bl.Welsch(2.0)]
PICKLED += [bl.Huber("adaptive"), bl.Barron(0.0, "adaptive"), bl.Cauchy("adaptive")]

TREES = {"xgboost": {"max_depth": 2}, "lightgbm": {"num_leaves": 4}, "catboost": {"depth": 2}}
SUFFIX = {"xgboost": "json", "lightgbm": "txt", "catboost": "cbm"}


def target(loss):
    """Numbers, or labels that no format should trip over."""
    return SIGNAL if loss.task == "regression" else np.where(SIGNAL > 5.0, "yes", "no: []")


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    predictions = {}
    for library, names in LIBRARIES.items():
        settings = {names.rounds: 3, names.learning_rate: 0.3, names.threads: 1, **TREES[library]}
        for name, loss in LOSSES.items():
            kind = names.estimator(loss.task)
            model = kind(**names.parameters(loss), **names.settings, **settings)
            model.fit(X, target(loss))
            file = f"{library}-{name}.{SUFFIX[library]}"
            model.save_model(folder / file)
            binary = loss.task == "binary"
            found = model.predict_proba(ROWS)[:, 1] if binary else model.predict(ROWS)
            predictions[file] = [float(f"{x:.9g}") for x in found]
    (folder / "predictions.json").write_text(json.dumps(predictions) + "\n", "utf-8")
    (folder / "losses.pickle").write_bytes(pickle.dumps(PICKLED, protocol=4))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
