"""An experiment's ledgers as SQL views: the one place that knows how they join.

Built on DuckDB, so that anyone can ask the same questions of the same files. Emails are followed by
`key` from sender to sink (the correlation header) and by `email_id` from the 202 to the queue (its
deduplication id). The sets are Jepsen's, per email, and some of ours; see `Sets`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from compliance.planned import SCHEMA as PLANNED_SCHEMA
from compliance.planned import planned_emails
from compliance.verdict import Offence
from scenarios.evidence import LEDGERS, ExperimentRecord, read_experiment, read_ledger
from scenarios.model import EmailLoad, Scenario, parse_scenario

VIEWS = """
create view attempts as
    select i.key, i.attempt, i."group", i.at_s as invoked_s, i.intended_s,
           coalesce(c.kind, 'info') as kind, c.at_s as completed_s, c.status, c.code, c.email_id,
           c.key is null as unfinished
    from (select * from sender where kind = 'invoke') i
    left join (select * from sender where kind <> 'invoke') c using (key, attempt);

-- An ok without an invoke is a false 202 all the same: `acknowledged` asks the completions.
create view acknowledged as
    select key, min(at_s) as acknowledged_s, any_value(email_id) as email_id
    from sender where kind = 'ok' group by key;

create view attempted as
    select key, any_value("group") as "group", count(*) filter (kind = 'invoke') as attempts,
           count(*) filter (kind = 'ok') as oks,
           count(*) filter (kind = 'invoke') > count(*) filter (kind in ('ok', 'fail')) as unknown
    from sender group by key;

create view delivered as
    select key, any_value(email_id) as email_id, count(*) as deliveries,
           min(at_s) as first_s, max(at_s) as last_s
    from sink group by key;

create view stored as
    select dedup_id as email_id, any_value("group") as "group", min(sequence) as sequence,
           min(at_s) as stored_s, any_value(body_sha256) as body_sha256
    from queue where event = 'stored' group by dedup_id;

-- In the DLQ and still there: what left it again by another way than a delivery is not safe.
create view parked as
    select p.dedup_id as email_id, max(p.at_s) as parked_s
    from queue p where p.event = 'parked' and not exists (
        select 1 from queue q where q.dedup_id = p.dedup_id and q.at_s >= p.at_s
        and q.event in ('deleted', 'expired', 'purged'))
    group by p.dedup_id;

create view lost as
    select a.key, a.email_id, a.acknowledged_s as at_s
    from acknowledged a
    left join delivered d using (key)
    left join parked p on p.email_id = a.email_id
    where d.key is null and p.email_id is null;

create view duplicated as
    select key, email_id, deliveries, last_s as at_s from delivered
    where deliveries > 1 and key is not null;

create view recovered as
    select d.key, d.email_id from delivered d
    join attempted t using (key)
    where t.oks = 0 and t.unknown;

create view denied as
    select d.key, d.email_id, d.first_s as at_s from delivered d
    join attempted t using (key)
    where t.oks = 0 and not t.unknown;

create view unexpected as
    select d.key, d.email_id, d.first_s as at_s from delivered d
    left join attempted t using (key) where t.key is null;

create view misdelivered as
    select s.key, s.email_id, min(s.at_s) as at_s from sink s
    join planned p using (key)
    where s.recipients_sha256 <> p.recipients_sha256
    group by s.key, s.email_id;

create view swallowed as
    select a.key, q.dedup_id as email_id, min(q.at_s) as at_s from queue q
    join stored s on s.email_id = q.dedup_id
    join acknowledged a on a.email_id = q.dedup_id
    where q.event = 'absorbed' and q.body_sha256 is distinct from s.body_sha256
    group by a.key, q.dedup_id;

-- A group is the sender's own: a pipeline that splits it over several queue groups still has to
-- keep its order, which is then that of the queue's clock.
create view in_order as
    select d.key, s.email_id, coalesce(t."group", s."group") as "group", d.first_s,
           row_number() over (partition by coalesce(t."group", s."group")
               order by s.stored_s, s.sequence) as place
    from delivered d
    left join acknowledged a using (key)
    join stored s on s.email_id = coalesce(d.email_id, a.email_id)
    left join attempted t using (key);

create view reordered as
    select key, email_id, "group", first_s as at_s from (
        select *, max(place) over (partition by "group" order by first_s, place
            rows between unbounded preceding and 1 preceding) as latest_before
        from in_order
    ) where place < latest_before;
"""


@dataclass(frozen=True)
class Sets:
    """How many emails fell into each set of the checker.

    lost: acknowledged, neither delivered nor parked. duplicated: delivered more than once.
    recovered: unknown, yet delivered (fine). denied: every answer said that it was certainly not
    done, yet delivered. unexpected: delivered, never attempted. misdelivered: to somebody else.
    parked: in the DLQ. swallowed: acknowledged, but absorbed by deduplication though it was a
    different email. reordered: left out of the order in which the queue accepted its group.
    """

    attempted: int
    acknowledged: int
    delivered: int
    lost: int
    duplicated: int
    recovered: int
    denied: int
    unexpected: int
    misdelivered: int
    parked: int
    swallowed: int
    reordered: int


class History:
    """One experiment's evidence, ready to be asked."""

    def __init__(self, folder: Path, *, is_control: bool = False) -> None:
        """Raises EvidenceError or ScenarioError when the folder's evidence cannot be read."""
        self.folder = folder
        self.record: ExperimentRecord = read_experiment(folder)
        scenario = parse_scenario(
            self.record.scenario_toml, f"{folder}/experiment.json: scenario_toml"
        )
        self.scenario: Scenario = scenario.as_control() if is_control else scenario
        self._db = duckdb.connect()
        for ledger in LEDGERS:
            self._db.register(ledger, read_ledger(folder, ledger))
        load = self.scenario.load
        self._db.register(
            "planned",
            planned_emails(load, self.record.seed, self.record.key_prefix)
            if isinstance(load, EmailLoad)
            else PLANNED_SCHEMA.empty_table(),
        )
        self._db.execute(VIEWS)
        self.sets = Sets(**{name: self.count(name) for name in Sets.__dataclass_fields__})

    def rows(self, sql: str, **parameters: object) -> list[tuple[Any, ...]]:
        """All rows of a query over the views and ledgers; `$name` stands for a parameter."""
        return self._db.execute(sql, parameters).fetchall()

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

    def offences(self, view: str, what: str, limit: int) -> list[Offence]:
        """The first offences of a view with columns key, email_id and at_s."""
        rows = self.rows(
            f"select coalesce(email_id, key, '?'), at_s from {view} order by at_s limit $limit",  # noqa: S608
            limit=max(limit, 0),
        )
        return [Offence(id=i, what=what, at_s=self.since_origin(at_s)) for i, at_s in rows]

    def close(self) -> None:
        self._db.close()
