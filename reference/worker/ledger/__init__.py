"""The delivery ledger: what became of each email, kept across restarts and workers.

SQS delivers a message again after a crash, a failed delete or a lost visibility. The ledger turns
that into a delete instead of a second email, and keeps two workers from sending one email at once.

    claim -> (move -> ...) -> settle: sent | refused | not sent | unknown

A claim is recorded before the provider is called, so a worker that dies leaves behind that an
attempt was made and where: as good as an unknown outcome, and treated as one. An email with an
attempt of unknown outcome is only ever tried again at that provider.

`port.py` is the interface; `memory.py` lasts as long as the process, `sqlite.py` serves the workers
of one machine, `dynamodb.py` those of many. `owing.py` stands before the latter two, for when they
cannot write.
"""
