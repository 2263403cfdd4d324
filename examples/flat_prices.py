"""What a flat may cost: intervals and the chance of a price, from `LogNormal` with LightGBM on made-up sales.

Prices scatter by some per cent about their median, and by more where few flats are alike: of old buildings far from the
centre. A model of the mean would quote the same margin for all. This one quotes for each flat an interval that holds
its price nine times out of ten, and the chance that a price is exceeded; whether both are right is seen on sales that
have not trained.

    python examples/flat_prices.py [FOLDER]    # where flat_prices.png goes, by default here
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

import boostloss as bl
from boostloss.lightgbm import LGBMRegressor
from boostloss.plot import plot_coverage, plot_pit

rng = np.random.default_rng(0)
rows = 20_000
sales = pd.DataFrame(
    {
        "area": rng.gamma(9.0, 9.0, rows) + 18.0,  # square metres
        "floor": rng.integers(0, 8, rows),
        "built": rng.integers(1880, 2026, rows),
        "distance": rng.exponential(5.0, rows),  # kilometres to the centre
    }
)
area, floor, built, distance = sales.to_numpy(float).T
# The truth that nobody knows.
per_metre = 6500.0 * np.exp(-0.06 * distance) * (1.0 + 0.15 * ((built < 1920) & (distance < 4)))
median = area * per_metre * (1.0 + 0.01 * floor) * (1.0 - 0.2 * ((built > 1945) & (built < 1975)))
spread = 0.08 + 0.12 * (built < 1945) + 0.02 * np.minimum(distance, 10.0)
price = median * np.exp(spread * rng.normal(size=rows))

train, test = train_test_split(np.arange(rows), random_state=0)
train, stop = train_test_split(train, random_state=0)
model = LGBMRegressor(
    objective=bl.LogNormal(),
    n_estimators=2000,
    learning_rate=0.05,
    num_leaves=15,
    early_stopping_round=50,
    n_jobs=1,
    verbose=-1,
)
model.fit(sales.iloc[train], price[train], eval_X=(sales.iloc[stop],), eval_y=(price[stop],))

flats = pd.DataFrame(
    {"area": [70.0, 70.0], "floor": [2, 2], "built": [2015, 1905], "distance": [2.0, 9.0]}
)
asked = np.array([450_000.0, 300_000.0])
quote = model.predict_distribution(flats)
low, high = quote.interval(0.9)
for i, flat in flats.iterrows():
    print(
        f"{flat['area']:.0f} m2 of {flat['built']:.0f}, {flat['distance']:.0f} km out: {quote.median()[i]:,.0f}, nine "
        f"times out of ten {low[i]:,.0f} to {high[i]:,.0f}; more than {asked[i]:,.0f} with a chance of "
        f"{quote.sf(asked)[i]:.0%}"
    )

predicted = model.predict_distribution(sales.iloc[test])
low, high = predicted.interval(0.9)
within = np.mean((low <= price[test]) & (price[test] <= high))
true = bl.LogNormal().distribution(np.stack([np.log(median), np.log(spread)], axis=1)[test])
likelihood, best = (-p.logpdf(price[test]).mean() for p in (predicted, true))
print(f"intervals of 90 % hold {within:.1%} of {len(test):,} prices that have not trained")
print(f"negative log-likelihood {likelihood:.3f}, that of the truth {best:.3f}")

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12.0, 3.8), layout="constrained")
old, new = built[test] < 1945, built[test] >= 1945
for some, name, colour in ((old, "built before 1945", "C1"), (new, "since", "C0")):
    left.plot(distance[test][some], (high / low)[some], ".", ms=2, color=colour, label=name)
left.set(xlim=(0.0, 20.0), ylim=(1.0, 5.0))
left.set_xlabel("distance to the centre, km")
left.set_ylabel("upper end of the interval / lower end")
left.legend(frameon=False, markerscale=4)
plot_pit(price[test], predicted, ax=middle)
plot_coverage(price[test], predicted, ax=right)
path = Path(sys.argv[1] if len(sys.argv) > 1 else ".") / "flat_prices.png"
figure.savefig(path, dpi=110)
print(f"pictures: {path}")
