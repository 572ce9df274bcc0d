"""More load than one process makes: Locust's own master and workers, one schedule over them.

                     prepare, ping, begin
    harness -> master ----------------------> worker 0 .. worker n-1 -> target
                  ^------- ledger rows -------'   (each every n-th email)

Every worker draws the whole schedule from the seed and sends the emails whose number leaves its
own index when divided by the number of workers, retries included. The master measures how far
each worker's clock is from its own, starts them all at one moment, and in the end gathers their
ledgers into one, with all times on its own clock. Workers may run on other hosts.
"""
