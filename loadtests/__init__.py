"""Drives one scenario into one experiment folder.

    Scenario -> live.drive -> pipeline (processes) <- locust (the senders)
                    |             |                      |
                    +-- faults ---+        ledgers, logs, metrics -> runs/<id>/<experiment>/

The senders are plain Locust (`locustfile.py`), usable alone with its web UI. A live run sees HTTP,
SQS and processes alone: it starts the reference by module name and imports nothing of it.
"""
