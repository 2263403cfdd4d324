"""Exponential loss exp(-margin), that of AdaBoost.

Freund & Schapire, "A Decision-Theoretic Generalization of On-Line Learning and an Application to Boosting", JCSS 1997;
Friedman, Hastie & Tibshirani, "Additive Logistic Regression", Annals of Statistics 2000.

Its second derivative is the loss itself, so that no step is longer than 1. No quadratic stays above it, but with this
curvature no leaf steps past its best value: with A and B the losses of its rows of label 1 and of label 0, the best
step is log(A / B) / 2, and this one is (A - B) / (A + B) = tanh(log(A / B) / 2).
"""

from boostloss.ops import exp


def exponential(y, f):
    sign = 2.0 * y - 1.0
    loss = exp(-sign * f)
    return loss, -sign * loss, loss, loss
