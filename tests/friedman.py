"""What the tests of several outputs train on: Friedman's function, as numbers and as four classes."""

import numpy as np
from sklearn.datasets import make_friedman1

import boostloss as bl

X, y = make_friedman1(900, noise=1.0, random_state=0)
TRAIN, STOP, TEST = slice(0, 500), slice(500, 700), slice(700, 900)
LEVELS = [0.05, 0.5, 0.95]
COLUMNS = [bl.Quantile(LEVELS), bl.Expectile([0.1, 0.9])]
WEIGHT = np.random.default_rng(0).integers(1, 4, len(y)).astype(float)
LABELS = np.array(["d", "a", "c", "b"])[np.digitize(y, [10.0, 14.0, 18.0])]
CLASSIFIERS = [bl.Logistic(), bl.Focal(2.0), bl.Focal(1.0, alpha=[1.0, 2.0, 1.0, 3.0])]
CLASSIFIERS += [bl.Logistic(label_smoothing=0.05), bl.GeneralizedCrossEntropy(0.3)]
CLASSIFIERS += [bl.SymmetricCrossEntropy(1.0, 0.5), bl.BiTemperedLogistic(0.8, 1.2)]
