"""The pipeline in virtual time: thousands of storms a minute, each decided by its seed.

    senders -> api -> sqs -> worker -> sink      every arrow is `network.py`
        \\_______\\______\\______\\_______\\______ processes (`components.py`) on one `scheduler.py`
                                                    | rows
    plan.py -> world.py -> ledgers.py -> sets.py -> campaign.py -> shrink.py -> story.py
    (seed)                                  |
                                        record.py -> a run directory, judged like any other

What decides is the real code: the API's intake and its sending with batches and retries, the worker
whole, the engine of SQS with its quotas, long polls and faults, the providers' faults, the senders'
schedule.
What is simulated is what carries it: threads are greenlets (`threads.py`), asyncio runs on a loop
of our own (`loop.py`), HTTP and SMTP are exchanges that take time and can be lost, a process is a
flag that keeps its callbacks from running. Time passes only when nothing else is to be done.

Not shown by it: what lies between two places where a thread blocks or writes its journal, the
wire protocols, the disk. Live runs try those.
"""
