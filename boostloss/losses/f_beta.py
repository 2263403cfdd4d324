"""F_beta, which depends on what all rows are labelled: a proper loss trains, and a threshold makes the labels."""

from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

import numpy as np
from numpy.typing import ArrayLike

from boostloss.losses.base import Loss
from boostloss.losses.binary import Logistic
from boostloss.losses.validation import as_column, check_number, check_weight


@dataclass(frozen=True)
class FBeta(Logistic):
    """F_beta by a threshold: log(1 + exp(-margin)) trains, and the label is 1 above the best probability for F_beta.

    F_beta = (1 + beta^2) TP / ((1 + beta^2) TP + beta^2 FN + FP), F1 where beta is 1, is largest for the rows whose
    probability exceeds F* / (1 + beta^2), F* the largest F_beta. So the estimators train `Logistic`, but for a few rows
    that they hold out, and learn the threshold from the probabilities of these: ``predict`` applies it, and
    ``predict_proba`` is that of `Logistic`. Of fewer than 200 rows all train, and tell the threshold.

    To train with the costs that have the same best labels, 1 + beta^2 - F* of a label 1 and F* of a label 0, brings no
    larger F_beta on the whole, and the labels of the rows held out tell the threshold worse (`benchmarks/harmony.py`).
    Where trees fit too well, for want of a stop, many more rows with labels would tell it better.

    It serves two classes, hard or soft labels, in the classifiers of `boostloss.xgboost`, `boostloss.lightgbm` and
    `boostloss.catboost`, where the threshold is CatBoost's own, ``get_probability_threshold()``. Plain libraries would
    predict labels by one half: it is refused there, and `Logistic` and `fitted` do as well.

    Parameters
    ----------
    beta : float, default 1.0
        By how much recall counts for more than precision, from 1e-3 to 1e3.
    threshold : float, optional
        What a fit has learned, in `loss_` of an estimator and in saved models. Every fit learns it anew.

    Raises
    ------
    TypeError, ValueError
        If a parameter is not such a number.

    References
    ----------
    Lipton, Elkan & Naryanaswamy, "Optimal Thresholding of Classifiers to Maximize F1 Measure", ECML PKDD 2014; Ye,
    Chai, Lee & Chieu, "Optimizing F-Measures: A Tale of Two Approaches", ICML 2012; Parambath, Usunier & Grandvalet,
    "Optimizing F-Measures by Cost-Sensitive Classification", NIPS 2014.

    Examples
    --------
    >>> import boostloss as bl
    >>> bl.FBeta(1.0).fitted([0.9, 0.4, 0.1, 0.1])  # F1 is about 0.74 if the first two are labelled 1
    FBeta(beta=1.0, threshold=0.3714...)
    >>> bl.FBeta(2.0).fitted([0.9, 0.4, 0.1, 0.1])  # a miss is dearer
    FBeta(beta=2.0, threshold=0.1625)
    """

    beta: float = 1.0
    threshold: float | None = None
    label_smoothing: ClassVar[float] = 0.0  # type: ignore[misc]  # no parameter here
    kind: ClassVar[str] = "labels"  # two of them

    def __post_init__(self) -> None:
        check_number(self, "beta", "a number from 1e-3 to 1e3", lambda x: 1e-3 <= x <= 1e3)
        if self.threshold is not None:
            check_number(self, "threshold", "a number in (0, 1), or None", lambda x: 0.0 < x < 1.0)

    def __repr__(self) -> str:
        learned = "" if self.threshold is None else f", threshold={self.threshold!r}"
        return f"FBeta(beta={self.beta!r}{learned})"

    @property
    def of_row(self) -> Loss:
        """The loss that trains."""
        return Logistic()

    def fitted(self, probability: ArrayLike, sample_weight: ArrayLike | None = None) -> "FBeta":
        """The loss with the threshold that suits rows with these probabilities.

        Parameters
        ----------
        probability : array-like of shape (n_samples,)
            Of label 1, of rows that have not trained. Their labels are not asked for: they would make the threshold
            less certain.
        sample_weight : array-like of shape (n_samples,), optional

        Returns
        -------
        FBeta
            Its threshold is F / (1 + beta^2), F the largest ratio of the expected numbers in F_beta.

        Raises
        ------
        ValueError
            If a probability is not in [0, 1], or no row has a positive weight.
        """
        p = as_column(probability, "probability").astype(np.float64)
        valid = (p >= 0.0) & (p <= 1.0)
        if not valid.all():
            row = int(np.flatnonzero(~valid)[0])
            raise ValueError(f"probability must be in [0, 1], got {p[row]} in row {row}.")
        w = np.ones(len(p)) if sample_weight is None else check_weight(sample_weight, len(p))
        if not np.any(w):
            raise ValueError("probability must hold a row of positive weight, got none.")
        order = np.argsort(-p)
        hit, chosen = np.cumsum((w * p)[order]), np.cumsum(w[order], dtype=np.float64)
        # TP / (TP + FP + beta^2 (TP + FN)); all rows have some probability, lest nothing be divided by nothing.
        share = hit / np.maximum(chosen + self.beta**2 * hit[-1], 1e-300)
        return self._at(float(share.max()))

    def _at(self, threshold: float) -> "FBeta":
        return FBeta(self.beta, min(max(threshold, 1e-12), 1.0 - 1e-12))

    def needs_estimator(self) -> ValueError:
        """What to say in a plain library, whose classifier would predict labels by one half."""
        return ValueError(
            f"{self!r} learns the threshold of its labels in the classifiers of boostloss.xgboost, boostloss.lightgbm "
            "and boostloss.catboost: use these, or Logistic(), whose probabilities are the same, and FBeta().fitted."
        )

    def __call__(self, *arguments: Any) -> NoReturn:
        raise self.needs_estimator()
