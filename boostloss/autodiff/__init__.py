"""From the value of a loss, as a user writes it, to a formula with derivatives.

The value is called with `symbols`, which leave a `traces.Trace` in the `language` of losses, in which `identities` keep
digits. Done again on `jets` it leaves its derivatives, and `derivatives` writes the formula that is compiled.
"""
