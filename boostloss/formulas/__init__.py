"""The mathematics: each formula returns loss, gradient, hessian and majorizer with respect to the raw prediction ``f``."""
