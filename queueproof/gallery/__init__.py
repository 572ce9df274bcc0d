"""The gallery of planted bugs: who checks the checks.

    tests/planted/catalog.toml -> catalog -> exhibits -> rooms -> trial (a process each) -> sight
    (twin, scenario, claim)                             several     drives and judges     caught?
                                                        at a time

A twin is a component of the reference with one defect. It is driven like the reference, and must
be refuted on the claim that its defect breaks and on no other; runs of the healthy reference, with
the same scenarios and other seeds, must be refuted on nothing. The twins live in the tests, which
are no part of an installed package: a gallery needs a checkout.
"""
