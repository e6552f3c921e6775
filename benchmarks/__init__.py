"""How fast the library is, against what it is built on, side by side in one run.

From a checkout, in an environment of its own:

    python -m pip install --editable . --group bench
    python -m benchmarks

Each row is a ratio: what this library does against something that is measured in the same run, on
the same documents, turn by turn, so that a slow or busy machine slows both. The ratio that a row is
allowed stands beside it. `--rounds` sets how often the two take turns.
"""
