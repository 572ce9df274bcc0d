"""Finding the highest rate that a service holds.

`search` decides which rate to try next, and knows nothing of services; `skews` says how a load
spreads over message groups. Each trial is an ordinary experiment with a folder of its own, driven
by `loadtests.live` and judged by `compliance.objective`.
"""
