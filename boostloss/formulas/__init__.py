"""The mathematics: each formula returns loss, gradient, Hessian and majorizer, as functions of the raw prediction."""
