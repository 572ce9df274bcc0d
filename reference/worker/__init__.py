"""The worker: takes emails off the queue and hands them to a provider.

    SQS --receive--> loop --one group, in order--> courier --> outbox --Outgoing--> failover
     ^                |                              |           |                    |
     |             heartbeat (extends)               |        ledger (claims)      providers
     +---- deletes (batched) / given back -----------+  decide: what next? (pure)

Within a message group emails leave in order, and groups leave in parallel. A message is deleted
only after a provider has accepted it, so a crash cannot lose an email. The ledger knows what was
sent by any worker, so a message that comes back is deleted unsent. One case remains: a worker that
dies, or gets no answer, while a provider has its email. Nobody can know then whether it went out;
it is tried again, at that provider alone and a bounded number of times (`decide.py`).

Its journal (JSON Lines, one event a message) has `at_s`, `event` (received attempted sent failed
deleted extended postponed released), `email_id`, `message_id`, `receive_count`, `provider`,
`reason`, `definite`. Each call to a provider is one `attempted` before it and one `sent` or
`failed` after it, all naming the provider; `definite` is false of a failure whose email may have
gone out all the same.
"""
