"""Emails by number: what of the ledgers is joined, with integers in place of ids.

Ten million keys and ids as text do not fit into memory twice. A planned key is its own number,
exactly; whatever else is found is numbered by dictionary. No hash stands for an id, so no
collision can decide a verdict.

    email_ids   eid  <-> email_id, with when and where the queue stored it first
    key_names   kid  <-> a key that the plan does not know (numbered -1, -2, ...)
    group_names gid  <-> group; a planned group is its own number
    emails      one row an email: what its senders saw and what was delivered
"""

import duckdb

from compliance.ledgers import Say
from scenarios.model import EmailLoad, Scenario

SETTINGS = """
create macro key_of(number) as {prefix} || '-' || case when number < 100000
    then lpad(cast(number as varchar), 6, '0') else cast(number as varchar) end;
create macro tail_of(key) as try_cast(substr(key, {tail_from}) as integer);
create macro number_of(key) as
    case when tail_of(key) >= 0 and key = key_of(tail_of(key)) then tail_of(key) end;
create macro group_of(number) as 'group-' || case when number < 1000
    then lpad(cast(number as varchar), 4, '0') else cast(number as varchar) end;
"""

GROUPS = """
create table group_names as
    with planned_names as (select cast(range as integer) as gid, group_of(range) as "group"
                           from range({groups})),
    others as (select distinct "group" from (
        select "group" from sender union all select "group" from queue where event = 'stored')
        where "group" is not null and "group" not in (select "group" from planned_names))
    select * from planned_names
    union all select cast({groups} - 1 + row_number() over () as integer), "group" from others;
"""

STORED = """
create table key_names (kid integer, key varchar);
create table email_ids as
    with firsts as (
        select dedup_id as email_id, min(at_s) as stored_s,
               min(try_cast(sequence as uhugeint)) as sequence, any_value("group") as "group"
        from queue where event = 'stored' and dedup_id is not null group by dedup_id)
    select cast(row_number() over () as integer) as eid, email_id, stored_s, sequence, gid
    from firsts left join group_names using ("group");
"""

# An ok without an invoke is a false 202 all the same: it counts as acknowledged.
SENDERS = """
create or replace table senders as
    with named as (
        select coalesce(number_of(s.key), k.kid) as kid, s.*
        from sender s left join key_names k using (key))
    select kid,
           cast(count(*) filter (kind = 'invoke') as integer) as attempts,
           cast(count(*) filter (kind = 'ok') as integer) as oks,
           cast(count(*) filter (kind in ('ok', 'fail')) as integer) as sure,
           cast(count(*) as integer) as rows, max(attempt) as last_attempt,
           min(at_s) filter (kind = 'ok') as acknowledged_s,
           min(eid) as acknowledged_eid, max(eid) as other_eid, any_value(g.gid) as gid,
           -- Rows that make a 202 false, as far as the row itself and the queue's journal tell.
           cast(count(*) filter (kind = 'ok' and (status not in (200, 202) or stored_s is null
               or stored_s > at_s)) as integer) as false_oks,
           count(*) filter (kid is null
               or (kind = 'ok' and n.email_id is not null and eid is null)) as unnamed
    from named n
    left join email_ids i on i.email_id = n.email_id and n.kind = 'ok'
    left join group_names g on g."group" = n."group"
    group by kid;
"""

SINKS = """
create or replace table sinks as
    with named as (
        select coalesce(number_of(s.key), k.kid) as kid, s.*
        from sink s left join key_names k using (key))
    select kid, cast(count(*) as integer) as deliveries, min(at_s) as first_s, max(at_s) as last_s,
           -- As which message it first came, and as which other, if any.
           arg_min(eid, n.at_s) as delivered_eid,
           case arg_min(eid, n.at_s) when min(eid) then max(eid) else min(eid) end
               as other_delivered_eid,
           min(at_s) filter (kid >= 0 and kid < {planned} and
               n.recipients_sha256 <> p.recipients_sha256) as misdelivered_s,
           count(*) filter ((kid is null and n.key is not null)
               or (n.email_id is not null and eid is null)) as unnamed
    from named n
    left join email_ids i on i.email_id = n.email_id
    left join people p on p.person = kid % {people}
    group by kid;
"""

# Keys that the plan does not know, and ids that the queue never stored.
NAMES = """
insert into key_names
    select cast(-row_number() over () as integer), key from (
        select key from sender where number_of(key) is null
        union select key from sink where key is not null and number_of(key) is null);
insert into email_ids
    select cast((select coalesce(max(eid), 0) from email_ids) + row_number() over () as integer),
           email_id, null, null, null
    from (select email_id from sender where kind = 'ok' union select email_id from sink) found
    where email_id is not null and email_id not in (select email_id from email_ids);
"""

EMAILS = """
create table emails as
    select coalesce(s.kid, d.kid) as kid, s.* exclude (kid, unnamed), d.* exclude (kid, unnamed)
    from senders s full join sinks d on s.kid = d.kid;
drop table senders;
drop table sinks;
"""


def number_emails(
    db: duckdb.DuckDBPyConnection,
    scenario: Scenario,
    *,
    key_prefix: str,
    planned: int,
    say: Say,
) -> None:
    """Make the tables above from the ledgers' views, `planned_numbers` and `people`."""
    load = scenario.load
    groups, people = (load.groups, load.people) if isinstance(load, EmailLoad) else (0, 1)
    prefix = "'" + key_prefix.replace("'", "''") + "'"
    db.execute(SETTINGS.format(prefix=prefix, tail_from=len(key_prefix) + 2))
    say("reading what the queue stored")
    db.execute(GROUPS.format(groups=groups))
    db.execute(STORED)
    ledgers = {
        "reading what senders saw": SENDERS,
        "reading what was delivered": SINKS.format(people=people, planned=planned),
    }
    for what, script in ledgers.items():
        say(what)
        db.execute(script)
    if _has_unnamed(db):
        say("naming what was not planned or not stored")
        db.execute(NAMES)
        for script in ledgers.values():
            db.execute(script)
    db.execute(EMAILS)


def _has_unnamed(db: duckdb.DuckDBPyConnection) -> bool:
    """Whether some key or id has no number yet, so that its rows cannot be told apart."""
    found = db.execute(
        "select (select sum(unnamed) from senders) > 0 or (select sum(unnamed) from sinks) > 0"
    ).fetchone()
    return bool(found and found[0])
