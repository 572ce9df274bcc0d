"""`queueproof capacity`: the highest rate that a configuration holds, and what holds it there.

    search (which rate next?) -> trial (an experiment like any other) -> objective -> search

Every trial leaves its evidence in the run's folder; capacity.json tells what was found in them.
"""
