"""A local Amazon SQS: true to its rules, quick, quota-aware, breakable.

    server, connection, reading, familiar
                                   sockets to whole requests, and replies back, in order
        `-> app -> wire, shapes    requests to checked calls and back
             |---> faults          what goes wrong on demand
             |---> quotas          300 calls a second, or as many as you like
             |---> polling         receives that wait
             `---> operations, sends, receives, batches
                       `-> engine -> queue -> lifecycle, ordering, groups, dedup, attempts, store

The engine (right of `operations`) is pure: it reads time from a Clock, so the simulator and the
property tests run the very code that the server runs. Every fact has its AWS page where it is
stated; `limits.py` holds every number.

    python -m reference.cloud.sqs --port 9324
"""
