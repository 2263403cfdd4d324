"""The losses: parameters, link, best constant and curvature of each; their mathematics is in `boostloss.formulas`."""
