"""An experiment's ledgers as SQL views: the one place that knows how they join.

Built on DuckDB, so that anyone can ask the same questions of the same files. Emails are followed by
`key` from sender to sink (the correlation header) and by `email_id` from the 202 to the queue (its
deduplication id). The sets are Jepsen's, per email, and some of ours; see `Sets`. What is counted
over all emails uses the tables of `compliance.numbered`; the views with keys and ids in them are
for single emails and for readers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from compliance.contents import SWAPPED
from compliance.identities import name_messages
from compliance.ledgers import Ledgers, Say, silent
from compliance.numbered import number_emails
from compliance.planned import SCHEMA as PLANNED_SCHEMA
from compliance.planned import planned_emails, recipient_digests
from compliance.repeats import REPEATS
from compliance.timeline import cards
from compliance.verdict import Card, Offence
from scenarios.configuration import Configuration, parse_configuration
from scenarios.evidence import EvidenceError, ExperimentRecord, read_experiment
from scenarios.model import EmailLoad, Scenario, parse_scenario

# What was parked, absorbed or delivered out of turn. Few emails are; each set is made once.
TABLES = """
-- In the DLQ and still there: what left it again by another way than a delivery is not safe.
create table parked as
    with p as (select dedup_id, at_s from queue where event = 'parked'),
    left_again as (select dedup_id, at_s from queue where event in ('deleted', 'expired', 'purged')
                   and dedup_id in (select dedup_id from p)),
    still as (select dedup_id, max(at_s) as parked_s from p where not exists (
        select 1 from left_again l where l.dedup_id = p.dedup_id and l.at_s >= p.at_s)
        group by dedup_id)
    select i.eid, still.dedup_id as email_id, parked_s
    from still left join email_ids i on i.email_id = still.dedup_id;

-- Absorbed as a repeat, though no message that was stored under its id has its content.
create table swallowed_ids as
    with absorbed as (select dedup_id, body_sha256, min(at_s) as at_s from queue
                      where event = 'absorbed' group by all),
    stored_bodies as (select dedup_id, body_sha256 from queue where event = 'stored'
                      and dedup_id in (select dedup_id from absorbed))
    select i.eid, min(a.at_s) as at_s from absorbed a
    join email_ids i on i.email_id = a.dedup_id and i.stored_s is not null
    where not exists (select 1 from stored_bodies b where b.dedup_id = a.dedup_id
                      and b.body_sha256 is not distinct from a.body_sha256)
    group by i.eid;

-- A group is the sender's own: a pipeline that splits it over several queue groups still has to
-- keep its order, which is then that of the queue's clock.
create view placed as
    select e.kid, i.eid, coalesce(e.gid, i.gid) as gid, e.first_s, i.stored_s, i.sequence
    from emails e
    join email_ids i on i.eid = coalesce(e.delivered_eid, e.acknowledged_eid)
    where e.deliveries > 0 and i.stored_s is not null;

-- Where no neighbours are the wrong way round, the whole group is in order.
create table disordered_groups as
    select distinct gid from (
        select gid, first_s < lag(first_s) over (
            partition by gid order by stored_s, sequence, first_s) as is_disordered
        from placed)
    where is_disordered;

create table reordered_emails as
    select kid, eid, gid, first_s as at_s, overtaken_by from (
        select *, min(first_s) over later as first_of_later_s,
               arg_min(eid, first_s) over later as overtaken_by
        from placed where exists (
            select 1 from disordered_groups g where g.gid is not distinct from placed.gid)
        window later as (
            partition by gid order by stored_s desc, sequence desc nulls first, first_s desc
            rows between unbounded preceding and 1 preceding))
    where first_of_later_s < first_s;
"""

# Each set as (kid, eid, at_s).
SETS = """
create view lost_emails as
    select kid, acknowledged_eid as eid, acknowledged_s as at_s from emails
    where oks > 0 and deliveries is null and (acknowledged_eid is null
        or acknowledged_eid not in (select eid from parked where eid is not null));
create view duplicated_emails as
    select kid, delivered_eid as eid, last_s as at_s from emails
    where deliveries > 1 and kid is not null
      and kid not in (select kid from ambiguous_emails);
create view recovered_emails as
    select kid, delivered_eid as eid, first_s as at_s from emails
    where deliveries > 0 and oks = 0 and attempts > sure;
create view denied_emails as
    select kid, delivered_eid as eid, first_s as at_s from emails
    where deliveries > 0 and oks = 0 and attempts <= sure;
create view unexpected_emails as
    select kid, delivered_eid as eid, first_s as at_s from emails
    where deliveries > 0 and rows is null;
create view misdelivered_emails as
    select kid, delivered_eid as eid, misdelivered_s as at_s from emails
    where misdelivered_s is not null;
create view swallowed_emails as
    select e.kid, s.eid, s.at_s from swallowed_ids s join emails e on e.acknowledged_eid = s.eid;
"""

# The same with keys and ids in place of numbers, for single emails and for readers.
NAMED = """
create view keys as
    select kid, coalesce(k.key, key_of(kid)) as key
    from (select kid from emails where kid is not null) left join key_names k using (kid);
create view planned as
    select key_of(number) as key, group_of("group") as "group", intended_s, p.recipients_sha256
    from planned_numbers n join people p on p.person = n.number % (select count(*) from people);
create view attempts as
    select i.key, i.attempt, i."group", i.at_s as invoked_s, i.intended_s,
           coalesce(c.kind, 'info') as kind, c.at_s as completed_s, c.status, c.code, c.email_id,
           c.key is null as unfinished
    from (select * from sender where kind = 'invoke') i
    left join (select * from sender where kind <> 'invoke') c using (key, attempt);
create view attempted as
    select key, g."group", attempts, oks, attempts > sure as unknown
    from emails join keys using (kid) left join group_names g using (gid) where rows > 0;
create view acknowledged as
    select key, acknowledged_s, email_id
    from emails e join keys using (kid) left join email_ids i on i.eid = e.acknowledged_eid
    where oks > 0;
create view delivered as
    select key, email_id, deliveries, first_s, last_s
    from emails e left join keys using (kid) left join email_ids i on i.eid = e.delivered_eid
    where deliveries > 0;
create view stored as
    select email_id, "group", sequence, stored_s
    from email_ids left join group_names using (gid) where stored_s is not null;
"""
NAMED_SET = """
create view {name} as
    select key, email_id, at_s from {name}_emails s
    left join keys using (kid) left join email_ids i using (eid);
"""
SET_NAMES = (
    *("lost", "duplicated", "ambiguous", "recovered", "denied"),
    *("unexpected", "misdelivered", "swapped", "swallowed", "reordered"),
)

COUNTS = """
    select count(*) filter (rows > 0), count(*) filter (oks > 0),
           count(*) filter (deliveries > 0), (select count(*) from lost_emails),
           (select count(*) from duplicated_emails), (select count(*) from ambiguous_emails),
           count(*) filter (deliveries > 0 and oks = 0 and attempts > sure),
           count(*) filter (deliveries > 0 and oks = 0 and attempts <= sure),
           count(*) filter (deliveries > 0 and rows is null),
           count(*) filter (misdelivered_s is not null), (select count(*) from swapped_emails),
           (select count(*) from parked), (select count(*) from swallowed_emails),
           (select count(*) from reordered_emails)
    from emails
"""


@dataclass(frozen=True)
class Sets:
    """How many emails fell into each set of the checker.

    lost: acknowledged, neither delivered nor parked. duplicated: delivered more than once, unless
    it is ambiguous: no answer told the worker that the first copy had been accepted. recovered:
    unknown, yet delivered (fine). denied: every answer said that it was certainly not done, yet
    delivered. unexpected: delivered, never attempted. misdelivered: to somebody else. swapped: to
    the right one, with the text of somebody else's. parked: in the DLQ. swallowed: acknowledged,
    but absorbed by deduplication though it was a different email. reordered: left out of the order
    in which the queue accepted its group.
    """

    attempted: int
    acknowledged: int
    delivered: int
    lost: int
    duplicated: int
    ambiguous: int
    recovered: int
    denied: int
    unexpected: int
    misdelivered: int
    swapped: int
    parked: int
    swallowed: int
    reordered: int


def configuration_of(record: ExperimentRecord, folder: Path) -> Configuration | None:
    """None where nobody knows it. Raises ScenarioError."""
    if not record.configuration_toml:
        return None
    source = f"{folder}/experiment.json: configuration_toml"
    return parse_configuration(record.configuration_toml, source)


class History:
    """One experiment's evidence, ready to be asked."""

    def __init__(self, folder: Path, *, is_control: bool = False, say: Say = silent) -> None:
        """Raises EvidenceError or ScenarioError when the folder's evidence cannot be read."""
        self.folder = folder
        self.record: ExperimentRecord = read_experiment(folder)
        scenario = parse_scenario(
            self.record.scenario_toml, f"{folder}/experiment.json: scenario_toml"
        )
        self.scenario: Scenario = scenario.as_control() if is_control else scenario
        self.configuration = configuration_of(self.record, folder)
        self._ledgers = Ledgers(folder, say)
        try:
            name_messages(self._ledgers.db, self.configuration)
            self._load(say)
        except duckdb.Error as error:
            self.close()
            raise EvidenceError(f"{folder}: cannot be judged: {error}") from error
        except BaseException:
            self.close()
            raise

    def _load(self, say: Say) -> None:
        db = self._ledgers.db
        load, record = self.scenario.load, self.record
        planned, digests = PLANNED_SCHEMA.empty_table(), tuple[str, ...]()
        if isinstance(load, EmailLoad):
            say("drawing what the seed plans")
            planned = planned_emails(load, record.seed)
            digests = recipient_digests(load.people, record.seed)
        db.register("planned_numbers", planned)
        people = {"person": pa.array(range(len(digests)), pa.int32())}
        people["recipients_sha256"] = pa.array(digests, pa.string())
        db.register("people", pa.table(people))
        number_emails(
            db, self.scenario, key_prefix=record.key_prefix, planned=len(planned), say=say
        )
        say("looking for emails lost, repeated or out of order")
        for script in (TABLES, REPEATS, SWAPPED, SETS, NAMED):
            db.execute(script)
        for name in SET_NAMES:
            db.execute(NAMED_SET.format(name=name))
        self.sets = Sets(*self.rows(COUNTS)[0])

    def rows(self, sql: str, **parameters: object) -> list[tuple[Any, ...]]:
        """All rows of a query over the views and ledgers; `$name` stands for a parameter."""
        return self._ledgers.rows(sql, **parameters)

    def one(self, sql: str, **parameters: object) -> Any:
        """The single value of a query."""
        return self.rows(sql, **parameters)[0][0]

    def count(self, view: str) -> int:
        """How many rows a view has."""
        return int(self.one(f"select count(*) from {view}"))  # noqa: S608 - our own names

    def has(self, ledger: str) -> bool:
        """Whether somebody kept this ledger: one without rows tells that nothing happened."""
        return any((self.folder / f"{ledger}.{form}").exists() for form in ("parquet", "jsonl"))

    def since_origin(self, at_s: float | None) -> float | None:
        """A time of the ledgers as seconds since the experiment began."""
        return None if at_s is None else round(at_s - self.record.origin_s, 3)

    def offences(self, set_name: str, what: str, limit: int) -> list[Offence]:
        """The first offences of a set, by time."""
        rows = self.rows(
            f"""with firsts as (select * from {set_name}_emails order by at_s, kid limit $limit)
            select coalesce(i.email_id, k.key, key_of(kid), '?'), at_s
            from firsts left join email_ids i using (eid) left join key_names k using (kid)
            order by at_s, kid""",  # noqa: S608 - our own names
            limit=max(limit, 0),
        )
        return [Offence(id=i, what=what, at_s=self.since_origin(at_s)) for i, at_s in rows]

    def cards(self, ids: Sequence[str], replay: str) -> dict[str, Card]:
        """What happened to these emails, for those that the ledgers know."""
        return cards(self._ledgers, self.record, ids, replay)

    def close(self) -> None:
        self._ledgers.close()
