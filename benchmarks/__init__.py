"""Compare the speed of the library with what it is built on, side by side in one run.

From a checkout, in an environment of its own:

    python -m pip install --editable . --group bench
    python -m benchmarks

Each row compares this library with something that is measured in the same run, on the same
documents, turn by turn: a slow or busy machine slows both. Each row shows its ratio and the limit.
`--rounds` sets how often the two take turns.
"""
