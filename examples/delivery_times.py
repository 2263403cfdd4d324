"""Delivery times where late costs four times early: which minutes to promise, with LightGBM on made-up orders.

A minute costs four times as much when the order comes after the promise as when it comes before it. Squared error
promises the mean, and the level of a quantile that fits is 0.8 = 4 / (1 + 4), here and by LightGBM's own objective;
`Asymmetric(Huber(), ratio=4.0)` says the ratio itself. In the rows that train and stop early some times are wrong by
hours. All are judged by the true minutes of other orders.

    python examples/delivery_times.py [FOLDER]    # where delivery_times.png goes, by default here
"""

import sys
from pathlib import Path

import lightgbm
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

import boostloss as bl
from boostloss.lightgbm import LGBMRegressor

RATIO = 4.0

rng = np.random.default_rng(0)
rows = 20_000
orders = pd.DataFrame(
    {
        "kilometres": rng.gamma(2.0, 2.0, rows),
        "hour": rng.integers(9, 23, rows),
        "dishes": 1 + rng.poisson(2.0, rows),
        "rain": rng.random(rows) < 0.2,
    }
)
rush = np.exp(-(((orders["hour"] - 19) / 2.0) ** 2)).to_numpy()
usual = (
    12
    + 3.5 * orders["kilometres"] * (1 + 0.3 * orders["rain"])
    + 1.5 * orders["dishes"]
    + 10 * rush
)
delay = rng.gamma(2.0, 2.0 + 3.0 * rush)  # skewed, and the more so the busier it is
minutes = (usual + delay).to_numpy()

train, test = train_test_split(np.arange(rows), random_state=0)
recorded = minutes.copy()
wrong = rng.choice(train, len(train) // 50, replace=False)
recorded[wrong] += rng.uniform(120.0, 600.0, len(wrong))  # nobody pressed the button
train, stop = train_test_split(train, random_state=0)


def promised(estimator, **objective):
    """The minutes of the orders that test."""
    model = estimator(
        n_estimators=500, learning_rate=0.1, num_leaves=15, n_jobs=1, verbosity=-1, **objective
    )
    model.fit(
        orders.iloc[train],
        recorded[train],
        eval_X=orders.iloc[stop],
        eval_y=recorded[stop],
        callbacks=[lightgbm.early_stopping(30, verbose=False)],
    )
    return model.predict(orders.iloc[test])


def cost(promise):
    """Of an order on average: its early minutes, and four times its late ones."""
    return bl.Asymmetric(bl.AbsoluteError(), RATIO).mean_loss(minutes[test], promise)


level = RATIO / (1.0 + RATIO)
losses = {
    "squared error": bl.SquaredError(),
    "Huber": bl.Huber(),
    "Asymmetric(Huber)": bl.Asymmetric(bl.Huber(), RATIO),
    "Quantile(0.8)": bl.Quantile(level),
}
promises = {name: promised(LGBMRegressor, objective=loss) for name, loss in losses.items()}
own = promised(lightgbm.LGBMRegressor, objective="quantile", alpha=level)
promises["LightGBM's quantile"] = own
print(f"{'':20} {'cost':>6} {'late':>6} {'minutes late':>13} {'minutes early':>14}")
for name, promise in promises.items():
    late = minutes[test] - promise
    print(
        f"{name:20} {cost(promise):6.2f} {np.mean(late > 0):6.1%} "
        f"{np.maximum(late, 0).mean():13.2f} {np.maximum(-late, 0).mean():14.2f}"
    )

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
colours = dict(zip(promises, ("#767676", "#56b4e9", "#0072b2", "#d55e00", "#e69f00"), strict=True))
for name, promise in promises.items():
    late = minutes[test] - promise
    left.hist(late, np.arange(-25.0, 30.0), histtype="step", color=colours[name], label=name)
left.axvline(0.0, color="black", lw=0.5)
left.set(xlabel="minutes after the promise", ylabel="orders")
left.legend(loc="upper right", fontsize="small")
bars = right.barh(list(promises), [cost(x) for x in promises.values()], color=colours.values())
right.bar_label(bars, fmt="{:.2f}", padding=3)
right.invert_yaxis()
right.set(xlabel="cost of an order: minutes early + 4 minutes late")
right.spines[["top", "right"]].set_visible(False)
path = Path(sys.argv[1] if len(sys.argv) > 1 else ".") / "delivery_times.png"
figure.savefig(path, dpi=100)
print(path)
