"""Faults under load, one kind of place a file: how it is caused, how it heals, what survives it.

    scenario --> runner --> timeline --> process | network | disk | clock    the harness does it
                       `--> plans    --> SQS, mail sink                      they do it themselves

    process.py   a component is killed, paused or restarted
    network.py   a link is cut, far, thin or lossy: namespaces.py where permitted, else relay.py
    disk.py      a full disk, an unwritable log
    clock.py     a wrong wall clock
    plans.py     SQS and providers that refuse, lose answers, are slow or gone

Each kind knows when it has made a difference, and says so in the faults ledger; one that never did
proves nothing, and no verdict rests on it.
"""
