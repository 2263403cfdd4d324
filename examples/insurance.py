"""What a motor policy costs in a year: how often, how much, and both at once, with XGBoost on made-up policies.

Frequency is `Poisson` with the years insured as exposure, severity is `Gamma` of the mean claim with the number of
claims as weight, and their product is the pure premium. `Tweedie` learns the pure premium in one model instead. All are
judged on policies that have not trained, beside the constant that charges everybody the same.

    python examples/insurance.py [FOLDER]    # where insurance.png goes, by default here
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

import boostloss as bl
from boostloss.xgboost import XGBRegressor

rng = np.random.default_rng(0)
rows = 60_000
policies = pd.DataFrame(
    {
        "age": rng.uniform(18, 85, rows),
        "power": rng.integers(4, 13, rows),
        "vehicle_age": rng.exponential(7, rows),
        "density": rng.lognormal(5.5, 1.5, rows),
    }
)
age, power, vehicle_age, density = policies.to_numpy().T
# The truth that nobody knows: young drivers and cities have claims, new and strong cars make them dear.
frequency = 0.1 * np.exp(
    0.9 * np.exp(-(age - 18) / 8) + 0.15 * np.log(density / 245) + 0.02 * (power - 7)
)
severity = 1500 * np.exp(0.06 * (power - 7) - 0.05 * np.minimum(vehicle_age, 15) + 0.3 * (age > 70))
years = rng.uniform(0.1, 1.0, rows)
claims = rng.poisson(frequency * years)
amount = np.where(claims > 0, rng.gamma(0.8 * np.maximum(claims, 1), severity / 0.8), 0.0)

train, test = train_test_split(np.arange(rows), random_state=0)
train, stop = train_test_split(train, random_state=0)


def fit(loss, target, train=train, stop=stop, **by_row):
    """A model of the target, with options of `fit` that have a number for each row."""
    model = XGBRegressor(
        objective=loss,
        n_estimators=1000,
        learning_rate=0.05,
        max_depth=3,
        min_child_weight=10,
        early_stopping_rounds=30,
        n_jobs=1,
    )
    names = {"exposure": "eval_exposure", "sample_weight": "sample_weight_eval_set"}
    sets = {names[name]: [values[stop]] for name, values in by_row.items()}
    given = {name: values[train] for name, values in by_row.items()}
    eval_set = [(policies.iloc[stop], target[stop])]
    return model.fit(
        policies.iloc[train], target[train], eval_set=eval_set, verbose=False, **given, **sets
    )


with_claims, stop_with_claims = (part[claims[part] > 0] for part in (train, stop))
mean_claim = amount / np.maximum(claims, 1)
often = fit(bl.Poisson(), claims, exposure=years)
dear = fit(bl.Gamma(), mean_claim, with_claims, stop_with_claims, sample_weight=claims)
both = fit(bl.Tweedie(power=1.7), amount, exposure=years)

X = policies.iloc[test]
premiums = {
    "constant": np.full(len(test), amount[train].sum() / years[train].sum()),
    "frequency times severity": often.predict(X) * dear.predict(X),
    "Tweedie": both.predict(X),
    "the truth": (frequency * severity)[test],
}


def explained(loss, target, prediction, weight, rows, fitted_on):
    """The share of the deviance of the constant that a model explains."""
    constant = np.average(target[fitted_on], weights=weight[fitted_on])
    of_model, of_constant = (
        loss.mean_loss(target[rows], np.log(mean) + np.zeros(len(rows)), weight[rows])
        for mean in (prediction, constant)
    )
    return 1.0 - of_model / of_constant


def gini(premium):
    """Twice the area between the diagonal and the share of the claims of those who pay least."""
    order = np.argsort(premium)
    insured, paid = (np.cumsum(x[test][order]) / x[test].sum() for x in (years, amount))
    return 1.0 - 2.0 * np.trapezoid(paid, insured)


print("Share of the constant's deviance that is explained on new policies (that of the truth):")
tested = test[claims[test] > 0]
for name, loss, model, true, target, weight, chosen, fitted_on in (
    ("frequency", bl.Poisson(), often, frequency, claims / years, years, test, train),
    ("severity", bl.Gamma(), dear, severity, mean_claim, claims, tested, with_claims),
):
    shares = (
        explained(loss, target, prediction, weight, chosen, fitted_on)
        for prediction in (model.predict(policies.iloc[chosen]), true[chosen])
    )
    print("  {:10} {:6.2%} ({:.2%})".format(name, *shares))

print("Pure premium: Gini, premiums over claims in all, mean distance from the true premium:")
for name, premium in premiums.items():
    balance = (premium * years[test]).sum() / amount[test].sum()
    distance = np.average(np.abs(premium - premiums["the truth"]), weights=years[test])
    print(
        f"  {name:26} {gini(premium) if np.ptp(premium) else 0.0:6.3f} {balance:6.3f} {distance:7.1f}"
    )

figure, axes = plt.subplots(1, 2, figsize=(10, 4), layout="constrained", sharey=True)
print("Tenths of the policies by premium: charged, and paid for claims, a year")
for ax, name in zip(axes, ("frequency times severity", "Tweedie"), strict=True):
    premium = premiums[name]
    tenths = np.array_split(np.argsort(premium), 10)
    charged, paid, true = (
        np.array([np.average(x[part], weights=years[test][part]) for part in tenths])
        for x in (premium, amount[test] / years[test], premiums["the truth"])
    )
    for label, values in (("charged", charged), ("paid", paid)):
        print(f"  {name:26} {label:8}", *(f"{value:5.0f}" for value in values))
    ax.plot(range(1, 11), charged, "o-", color="#0072b2", label="charged")
    ax.plot(range(1, 11), paid, "s", color="#d55e00", label="paid for claims")
    ax.plot(range(1, 11), true, "--", color="#767676", label="true premium")
    ax.set(title=name, xlabel="tenth of the policies, by premium", xticks=range(1, 11))
axes[0].set(ylabel="a year", ylim=(0, None))
axes[0].legend()
path = Path(sys.argv[1] if len(sys.argv) > 1 else ".") / "insurance.png"
figure.savefig(path, dpi=100)
print(path)
