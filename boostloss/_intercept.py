"""The best constant of a location loss."""

import numpy as np


def argmin_constant(loss, y, weight):
    return float(np.median(y))
