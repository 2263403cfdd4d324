"""``boostloss compare``: which loss suits my data?

Reads a table (`data`), lists the losses and each library's own objectives (`candidates`), fits
them by cross-validation (`libraries`, `run`), ranks them (`results`) and tells the outcome in the
terminal (`cli`) and as a page (`report`).
"""
