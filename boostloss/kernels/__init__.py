"""How a formula runs over rows: the numba side of the formula language, the loops, object code on disk, threads."""
