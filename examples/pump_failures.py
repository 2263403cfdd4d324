"""How long a pump will run: medians, intervals and chances, from `Weibull` with XGBoost on made-up pumps.

A waterworks has set up pumps for eight years, and half of them still run: all that is known of these is that they will
grow older than they are. A model of the failed alone would be learned from the pumps that failed early. Here both kinds
train: the age of a failure, or the age of today as the lower end of an interval whose upper end is infinite. Pumps of
one maker wear out, those of the other fail at any age, which the predicted scale tells.

Whether the chances are right is seen on pumps that have not trained, those that run among them: the chance to have
failed up to the age of its failure is uniform where the model is right, and known to be larger than that of today's age
for a pump that runs. So the Kaplan-Meier estimate of its distribution must lie on the diagonal.

    python examples/pump_failures.py [FOLDER]    # where pump_failures.png goes, by default here
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

import boostloss as bl
from boostloss.xgboost import XGBRegressor


def kaplan_meier(age, failed):
    """Ages in order, the share that grows older than each, and its standard error by Greenwood's formula."""
    order = np.lexsort((~failed, age))
    age, failed, at_risk = age[order], failed[order], np.arange(len(age), 0, -1)
    older = np.cumprod(1.0 - failed / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = older * np.sqrt(np.cumsum(failed / (at_risk * (at_risk - 1.0))))
    return age, older, error


rng = np.random.default_rng(0)
rows = 12_000
pumps = pd.DataFrame(
    {
        "maker": rng.integers(0, 2, rows),
        "load": rng.uniform(0.3, 1.0, rows),  # of what it is built for
        "sand": rng.exponential(1.0, rows),  # grains in a litre
        "starts": rng.poisson(4.0, rows),  # a day
    }
)
maker, load, sand, starts = pumps.to_numpy(float).T
# The truth that nobody knows: 63 % fail up to the age `usual`, and the shape is 1 / spread.
usual = 14.0 * np.exp(-1.2 * load - 0.25 * np.minimum(sand, 3.0) - 0.04 * starts * (maker == 1))
spread = np.where(maker == 0, 0.3, 0.8) + 0.1 * np.minimum(sand, 2.0)
truth = np.stack([np.log(usual), np.log(spread)], axis=1)
fails = bl.Weibull().distribution(truth).rvs(random_state=rng)
since = rng.uniform(0.0, 8.0, rows)  # years since it was set up
failed = fails < since
age = np.minimum(fails, since)  # when it failed, or today
known = np.stack([age, np.where(failed, age, np.inf)], axis=1)

train, test = train_test_split(np.arange(rows), random_state=0)
train, stop = train_test_split(train, random_state=0)


def fitted(train, stop):
    model = XGBRegressor(
        objective=bl.Weibull(),
        n_estimators=2000,
        learning_rate=0.05,
        max_depth=4,
        early_stopping_rounds=50,
        n_jobs=1,
    )
    watched = [(pumps.iloc[stop], known[stop])]
    return model.fit(pumps.iloc[train], known[train], eval_set=watched, verbose=False)


model = fitted(train, stop)
three = pd.DataFrame(
    {"maker": [0, 1, 0], "load": [0.5, 0.5, 0.9], "sand": [0.5, 0.5, 2.0], "starts": [4, 4, 4]}
)
names = [
    f"maker {'AB'[int(x.maker)]}, load {x.load:.0%}, {x.sand:g} grains" for x in three.itertuples()
]
chances = model.predict_distribution(three)
low, high = chances.interval(0.9)
for i, name in enumerate(names):
    print(
        f"{name}: half fail in {chances.median()[i]:.1f} years, nine of ten between {low[i]:.1f} and {high[i]:.1f}; "
        f"{chances.sf(3.0)[i]:.0%} run for 3 years, and of these {chances.sf(4.0)[i] / chances.sf(3.0)[i]:.0%} for one "
        "more"
    )

predicted = model.predict_distribution(pumps.iloc[test])
likelihood = model.score(pumps.iloc[test], known[test])
best = -bl.Weibull().mean_loss(known[test], truth[test])
print(f"{np.mean(~failed):.0%} of {rows:,} pumps run")
print(f"log-likelihood of pumps that have not trained {likelihood:.3f}, of the truth {best:.3f}")
alone = fitted(train[failed[train]], stop[failed[stop]]).predict_distribution(pumps.iloc[test])
for name, some in (("all pumps", predicted), ("the failed alone", alone)):
    ratio = np.median(some.median() / bl.Weibull().distribution(truth[test]).median())
    print(f"medians learned from {name} are {ratio:.2f} times the true ones")

chance = predicted.cdf(age[test])
reached, later, error = kaplan_meier(chance, failed[test])
ends = 1.0 - later[np.searchsorted(reached, [0.05, 0.95], side="right") - 1]
print(f"intervals of 90 % hold {ends[1] - ends[0]:.1%} of the failures, by Kaplan and Meier")

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12.5, 4.0), layout="constrained")
years, colours = np.linspace(0.0, 8.0, 161), ("C0", "C1", "C2")
for i, (name, colour) in enumerate(zip(names, colours, strict=True)):
    left.plot(years, chances.sf(years[:, None])[:, i], color=colour, label=name)
left.vlines(3.0, 0.0, 1.0, color="0.6", lw=0.8, zorder=0)
left.set(title="three pumps", xlabel="years", ylabel="chance to run for longer")
left.legend(frameon=False, fontsize="small", loc="upper right")

groups = {
    "maker A, load under 60%": (maker == 0) & (load < 0.6),
    "maker B, load under 60%": (maker == 1) & (load < 0.6),
    "maker A, more load, over 1 grain": (maker == 0) & (load >= 0.6) & (sand > 1.0),
}
for (name, group), colour in zip(groups.items(), colours, strict=True):
    some = group[test]
    ages, older, deviation = kaplan_meier(age[test][some], failed[test][some])
    middle.fill_between(
        ages, older - 2 * deviation, older + 2 * deviation, step="post", color=colour, alpha=0.25
    )
    middle.step(ages, older, where="post", color=colour, lw=0.8)
    each = model.predict_distribution(pumps.iloc[test][some]).sf(years[:, None])
    middle.plot(years, each.mean(axis=1), "--", color=colour, label=name)
middle.set(title="groups: Kaplan-Meier, and predicted (dashed)", xlabel="years")
middle.set_ylabel("share that runs for longer")
middle.legend(frameon=False, fontsize="small", loc="upper right")
for ax in (left, middle):  # with room for the legend
    ax.set(xlim=(0.0, 8.0), ylim=(0.0, 1.27), yticks=np.linspace(0.0, 1.0, 6))

right.fill_between(
    reached, 1 - later - 2 * error, 1 - later + 2 * error, step="post", alpha=0.3, lw=0
)
right.step(reached, 1.0 - later, where="post", label="Kaplan-Meier, 2 standard errors")
right.plot([0.0, 1.0], [0.0, 1.0], color="0.3", lw=1.0, label="a right model")
right.set(title="pumps that have not trained", aspect="equal", xlim=(0.0, 1.0), ylim=(0.0, 1.0))
right.set(xlabel="predicted chance to have failed", ylabel="share that has failed")
right.legend(frameon=False, fontsize="small", loc="upper left")
path = Path(sys.argv[1] if len(sys.argv) > 1 else ".") / "pump_failures.png"
figure.savefig(path, dpi=110)
print(f"pictures: {path}")
