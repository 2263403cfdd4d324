"""Which loss when: for every loss of the catalogue what it is for, what it costs elsewhere, and its names elsewhere.

The command line, the gallery in `docs/losses.md` and the tests all tell these records.
"""

from boostloss.losses.barron import Barron, Cauchy, Charbonnier, GemanMcClure, Welsch
from boostloss.losses.binary import Focal, Logistic
from boostloss.losses.counts import Gamma, NegativeBinomial, Poisson, Tweedie
from boostloss.losses.distribution_guide import OF_DISTRIBUTIONS
from boostloss.losses.entries import SITUATIONS, Entry, entry
from boostloss.losses.f_beta import FBeta
from boostloss.losses.harmonizing import GHMC, GHMR
from boostloss.losses.label_noise import (
    BiTemperedLogistic,
    GeneralizedCrossEntropy,
    SymmetricCrossEntropy,
)
from boostloss.losses.location import Huber, LogCosh, SmoothL1, SquaredError
from boostloss.losses.margins import Exponential, Hinge, ModifiedHuber, SquaredHinge
from boostloss.losses.quantiles import AbsoluteError, EpsilonInsensitive, Expectile, Quantile
from boostloss.losses.robust import Fair, PseudoHuber, Tukey
from boostloss.losses.shares import CrossEntropy, KLDivergence
from boostloss.losses.sides import Asymmetric, Linex

BETWEEN = "as a rule between the median and the mean"
DENSEST = "a place where targets lie dense"
PULLS = (
    "A number far above the errors makes it squared error, one far below them absolute error. However wrong a target "
    "is, it goes on pulling."
)
FORGETS = (
    "It is not convex: with a number far too small for its scale it forgets good rows, such as a segment apart. "
    "Where noise is skewed it leans to the mode."
)
SHARE = "the share of label 1"


ENTRIES: tuple[Entry, ...] = (
    entry(
        "numbers", SquaredError(),
        "clean targets; whenever the mean itself is wanted, as for sums and budgets",
        "the mean",
        "The pull of an error grows with it: a few wrong targets carry the model away.",
        xgboost="reg:squarederror", lightgbm="regression", catboost="RMSE",
        sklearn=("HistGradientBoostingRegressor(loss='squared_error')", "SGDRegressor(loss='squared_error')"),
        torch="MSELoss()",
    ),
    entry(
        "outliers", AbsoluteError(),
        "the median; where a mean absolute error is what counts",
        "the median",
        "Where noise is skewed the median is not the mean, so that sums of predictions are off. With sample_weight = "
        "1 / max(1, |y|) it is what LightGBM calls mape and CatBoost MAPE.",
        xgboost="reg:absoluteerror", lightgbm="regression_l1", catboost="MAE",
        sklearn="HistGradientBoostingRegressor(loss='absolute_error')", torch="L1Loss()",
    ),
    entry(
        "outliers", Huber(1.0),
        "some wrong targets, and the best-known answer to them",
        BETWEEN,
        PULLS,
        lightgbm="huber(alpha=delta)", catboost="Huber:delta=delta",
        sklearn=("SGDRegressor(loss='huber', epsilon=delta)", "GradientBoostingRegressor(loss='huber')",
                 "HuberRegressor()"),
        torch="HuberLoss(delta=delta)",
    ),
    entry(
        "outliers", SmoothL1(1.0),
        "Huber's loss as object detection scales it: no gradient is above 1",
        BETWEEN,
        f"{PULLS} Its unit changes with beta, so that losses of two betas are not to be compared.",
        torch="SmoothL1Loss(beta=beta)",
    ),
    entry(
        "outliers", PseudoHuber(1.0),
        "Huber's loss without a corner in its slope, as XGBoost has it",
        BETWEEN,
        PULLS,
        xgboost="reg:pseudohubererror(huber_slope=delta)",
    ),
    entry(
        "outliers", LogCosh(1.0),
        "Huber's loss with all derivatives",
        BETWEEN,
        f"{PULLS} CatBoost's has the scale 1, whatever the unit of the target is.",
        catboost="LogCosh",
    ),
    entry(
        "outliers", Fair(1.0),
        "some wrong targets, where middling errors shall pull less than under Huber",
        BETWEEN,
        PULLS,
        lightgbm="fair(fair_c=scale)",
    ),
    entry(
        "outliers", Charbonnier(1.0),
        "some wrong targets: Barron's loss where it is still convex",
        BETWEEN,
        PULLS,
    ),
    entry(
        "outliers", EpsilonInsensitive(0.5),
        "a tolerance: errors up to epsilon do not matter",
        "where as many targets lie above the tube as below it",
        "It learns nothing from errors within the tube: with too wide an epsilon predictions are coarse.",
        sklearn=("SGDRegressor(loss='epsilon_insensitive', epsilon=epsilon)",
                 "LinearSVR(loss='epsilon_insensitive', epsilon=epsilon)"),
    ),
    entry(
        "outliers", GHMR(1.0),
        "the same for numbers; see Charbonnier first",
        BETWEEN,
        "Its mean absolute error is 1 to 6 % above that of Charbonnier with the same mu.",
    ),
    entry(
        "many outliers", Barron(0.5, 1.0),
        "one dial from squared error to Welsch, which turns itself where nothing is given",
        f"from the mean (alpha 2) to {DENSEST} (-inf)",
        f"Above alpha = 1 a wrong target goes on pulling. Below it: {FORGETS[0].lower()}{FORGETS[1:]}",
    ),
    entry(
        "many outliers", Cauchy(1.0),
        "many wrong targets, or heavy tails; the first to try of the robust ones",
        DENSEST, FORGETS,
    ),
    entry(
        "many outliers", GemanMcClure(1.0),
        "wrong targets that should not count",
        DENSEST, FORGETS,
    ),
    entry(
        "many outliers", Welsch(1.0),
        "wrong targets that should not count, more so",
        DENSEST, FORGETS,
    ),
    entry(
        "many outliers", Tukey(3.0),
        "wrong targets that do not count at all beyond a limit",
        DENSEST, FORGETS,
    ),
    entry(
        "levels", Quantile(0.8),
        "medians, intervals, and costs in proportion to an error that differ by side",
        "the quantile",
        "Another level is another quantity. Of new rows an interval covers what it says only about: stop early, and "
        "check it on rows that have not trained.",
        xgboost="reg:quantileerror(quantile_alpha=quantile)", lightgbm="quantile(alpha=quantile)",
        catboost="Quantile:alpha=quantile",
        sklearn=("HistGradientBoostingRegressor(loss='quantile', quantile=quantile)",
                 "QuantileRegressor(quantile=quantile)"),
    ),
    entry(
        "levels", Expectile(0.8),
        "means of skewed costs, and tails whose size counts",
        "the expectile",
        "An error pulls the more, the larger it is: wrong targets do as much harm as under squared error.",
        catboost="Expectile:alpha=expectile",
    ),
    *OF_DISTRIBUTIONS,
    entry(
        "sides", Asymmetric(Huber(1.0), 4.0),
        "a ratio of costs, as where late is four times as dear as early, around any loss of the error",
        "that of the base, moved to the dearer side",
        "A ratio that is not that of the costs moves all predictions to one side.",
    ),
    entry(
        "sides", Linex(1.0),
        "a cost that explodes on one side and grows in proportion on the other",
        "-log(mean of exp(-a y)) / a",
        "Where noise has heavy tails its mean is infinite, and new rows show it: take Asymmetric there.",
    ),
    entry(
        "amounts", Poisson(),
        "counts and rates, with an exposure",
        "the mean",
        "Where counts scatter by more than their mean, rows of large counts weigh too much; the mean is right all the "
        "same. Wrong counts carry it away as they do squared error.",
        xgboost="count:poisson", lightgbm="poisson", catboost="Poisson",
        sklearn=("HistGradientBoostingRegressor(loss='poisson')", "PoissonRegressor()"),
        torch="PoissonNLLLoss()",
    ),
    entry(
        "amounts", NegativeBinomial(1.0),
        "counts that scatter by more than their mean",
        "the mean",
        "With a wrong dispersion the mean is right all the same, but large counts weigh too much or too little.",
    ),
    entry(
        "amounts", Gamma(),
        "amounts above 0 whose errors are relative, such as claims and prices",
        "the mean",
        "An amount of 0 is refused. A large amount counts no more than a small one that is off by the same share.",
        xgboost="reg:gamma", lightgbm="gamma",
        sklearn=("HistGradientBoostingRegressor(loss='gamma')", "GammaRegressor()"),
    ),
    entry(
        "amounts", Tweedie(1.5),
        "amounts that are mostly 0, such as the claims of a policy or the sales of a day",
        "the mean",
        "A power that is not that of the variance weighs rows less well: near 1 large amounts decide.",
        xgboost="reg:tweedie(tweedie_variance_power=power)", lightgbm="tweedie(tweedie_variance_power=power)",
        catboost="Tweedie:variance_power=power", sklearn="TweedieRegressor(power=power)",
    ),
    entry(
        "shares", CrossEntropy(),
        "a target in [0, 1]: a share, a rate of conversion, a probability",
        "the mean",
        "A share of many trials tells more than one of few: give their number as sample_weight.",
        xgboost="reg:logistic", lightgbm="cross_entropy", catboost="CrossEntropy",
        torch="BCEWithLogitsLoss()",
    ),
    entry(
        "shares", KLDivergence(),
        "the same model, with a loss that is 0 where nothing is left to gain",
        "the mean",
        "As for CrossEntropy, from which it differs by what no model can change.",
    ),
    entry(
        "labels", Logistic(),
        "probabilities, of two classes or many: where to begin",
        "the share of each class",
        "A wrong label pulls the more, the surer the model is of the other; early stopping forgives many.",
        xgboost=("binary:logistic", "multi:softprob"), lightgbm=("binary", "multiclass"),
        catboost=("Logloss", "MultiClass"),
        sklearn=("HistGradientBoostingClassifier(loss='log_loss')", "SGDClassifier(loss='log_loss')"),
        torch=("BCEWithLogitsLoss()", "CrossEntropyLoss(label_smoothing=label_smoothing)"),
    ),
    entry(
        "labels", Hinge(),
        "decisions alone, as those of a support vector machine",
        "the likelier label",
        "Its scores gather at -1 and 1, and tell no probability.",
        xgboost="binary:hinge", sklearn=("LinearSVC(loss='hinge')", "SGDClassifier(loss='hinge')"),
    ),
    entry(
        "labels", SquaredHinge(),
        "decisions, with a probability where the score is in (-1, 1)",
        SHARE,
        "A wrong label pulls the more, the farther its row is on the other side. Probabilities are cut at 0 and 1.",
        sklearn=("LinearSVC(loss='squared_hinge')", "SGDClassifier(loss='squared_hinge')"),
    ),
    entry(
        "labels", ModifiedHuber(),
        "the squared hinge, where some labels are wrong",
        SHARE,
        "Probabilities are cut at 0 and 1, and rows beyond the margin 1 tell nothing more.",
        sklearn="SGDClassifier(loss='modified_huber')",
    ),
    entry(
        "labels", Exponential(),
        "AdaBoost's loss, for comparison with it",
        SHARE,
        "A wrong label pulls exponentially: a few outweigh all the rest.",
        sklearn="GradientBoostingClassifier(loss='exponential')",
    ),
    entry(
        "rare", Focal(2.0),
        "ranking where one class is rare; an easy row counts little",
        SHARE,
        "Probabilities are no better than those of Logistic. Read as a log-odds, as other packages do, its score says "
        "too much of the rare class.",
        catboost="Focal:focal_alpha=alpha;focal_gamma=gamma",
    ),
    entry(
        "rare", FBeta(1.0),
        "labels that are judged by F1, or by F_beta; the probabilities stay those of Logistic",
        SHARE,
        "Where nothing stops trees early they are too sure of themselves, and so is the threshold.",
    ),
    entry(
        "rare", GHMC(30),
        "all sizes of gradients alike, as object detectors weigh them; see Focal first",
        SHARE,
        "In this repository's measurements it ranks rows no better than Logistic, and its probabilities are worse.",
    ),
    entry(
        "noisy", GeneralizedCrossEntropy(0.7),
        "more than two classes, a tenth of the labels wrong or more",
        SHARE,
        "With two classes it gains next to nothing over Logistic. Its log-loss is larger.",
    ),
    entry(
        "noisy", SymmetricCrossEntropy(0.1, 1.0),
        "more than two classes, many of the labels wrong",
        SHARE,
        "With two classes it gains next to nothing over Logistic, and may lose a point. Its log-loss is larger.",
    ),
    entry(
        "noisy", BiTemperedLogistic(0.5, 1.5),
        "wrong labels, both near the boundary and far from it",
        SHARE,
        "With two classes it gains next to nothing over Logistic while few labels are wrong.",
    ),
)  # fmt: skip


def by_situation() -> dict[str, list[Entry]]:
    """The entries under the titles of their situations, in the order of both."""
    return {
        title: [item for item in ENTRIES if item.situation == key]
        for key, title in SITUATIONS.items()
    }
