"""Several queues as one: a pool of FIFO queues.

    message group --rendezvous hashing--> its queue --SQS--> workers that poll all queues

A FIFO queue admits 300 calls a second of each kind; N of them admit N times that, as far as the
groups are even. One group stays in one queue, so its order and SQS's deduplication are those of
that queue, and a hot group gains nothing.

`pool.py` maps groups to queues. `epochs.py`, `pool_file.py` and `moves.py` change the pool under
load, as README.md tells; `resize.py` is the command for it.
"""
