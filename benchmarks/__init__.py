"""Speeds, as ratios side by side in one run: `python -m benchmarks`, or `make bench`.

    bench.run(Stage) -> tables of rows -> text on the terminal, JSON for a machine

A speed alone says more about the machine than about the code, so a bench measures ours and what it
is compared with in turns, in one run, and shows the ratio. A row is the median of its repeats with
their spread; targets come from the project's issues and are reported, never enforced: a build must
not fail because a machine was busy. What could not be measured is a row that says why.

Each bench is bounded in time and takes less where time is short; each row says what it took. All
servers listen on loopback, all files are in one temporary folder, and nothing outlives the run.
"""
