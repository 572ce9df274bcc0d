"""Several configurations under the same work, on one page.

    run directory + Judgement -> figures, limits -> tables, sentences, curves
                              -> html | markdown | json | terminal

Verdicts are the judgement's; what is added is arithmetic over the ledgers: rates and latencies of
each stage of the load, calls and log files an email takes, and what held a configuration up.
"""
