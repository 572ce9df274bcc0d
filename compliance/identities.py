"""Which email a message is, where the queue does not say so.

The reference's API gives its email id to a FIFO queue as deduplication id. A standard queue has no
such id, and API Gateway knows no email id: it tells the sender the message id. There the consumer's
journal is asked, which names the email of each message that it received; a message that it never
saw goes by its message id.
"""

import duckdb

from scenarios.configuration import Configuration

SCRIPT = """
create table message_ids as
    select message_id, min(email_id) as email_id from worker
    where message_id is not null and email_id is not null group by message_id;
alter view queue rename to queue_journal;
create view queue as
    select q.* replace (coalesce(m.email_id, q.message_id) as dedup_id)
    from queue_journal q left join message_ids m on m.message_id = q.message_id;
alter view sender rename to sender_journal;
create view sender as
    select s.* replace (coalesce(m.email_id, s.email_id) as email_id)
    from sender_journal s left join message_ids m on m.message_id = s.email_id;
"""


def name_messages(db: duckdb.DuckDBPyConnection, configuration: Configuration | None) -> None:
    """Put email ids into the `queue` and `sender` ledgers where the configuration needs it."""
    if configuration is None:
        return
    if not configuration.queue.is_fifo or configuration.intake.kind == "api-gateway":
        db.execute(SCRIPT)
