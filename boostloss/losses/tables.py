"""The losses in which the rows of a table count together: those of `catalogue.LOSSES` are of each row alone."""

from boostloss.losses.base import Loss
from boostloss.losses.f_beta import FBeta
from boostloss.losses.harmonizing import GHMC, GHMR

LOSSES_OF_TABLES: tuple[type[Loss], ...] = (GHMC, GHMR, FBeta)
