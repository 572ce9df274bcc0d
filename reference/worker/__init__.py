"""The worker: takes emails off the queue and hands them to a provider.

    SQS --receive--> loop --one group, in order--> courier --Outgoing--> provider
     ^                |                              |
     |             heartbeat (extends)               |  decide: what next? (pure)
     +---- deletes (batched) / given back -----------+

Within a message group emails leave in order, and groups leave in parallel. A message is deleted
only after the provider has accepted it, so a crash can repeat an email but not lose it; what
this process has sent, it will not send again.

Its journal (JSON Lines, one event a message) has `at_s`, `event` (received attempted sent failed
deleted extended postponed released), `email_id`, `message_id`, `receive_count`, `provider`,
`reason`, `definite`. Each call to a provider is one `attempted` before it and one `sent` or
`failed` after it, all naming the provider; `definite` is false of a failure whose email may have
gone out all the same.
"""
