"""The checker's sets over the ledgers of one simulation, in plain Python.

`compliance` decides with SQL over files, which takes longer than a whole simulation. This says
the same of the same rows, so that thousands of seeds can be looked at; a seed that fails is then
written down and judged by `compliance` like any run. A test holds the two against each other.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from loadtests.sim.ledgers import Row
from loadtests.sim.world import Story
from scenarios.evidence import recipients_digest

# A single email in one of these refutes a claim; the rest only count.
OFFENCES = (
    *("lost", "duplicated", "unexpected", "misdelivered"),
    *("swallowed", "reordered", "false_ack"),
)
_STEPS = frozenset({"attempted", "sent", "failed"})
_REFUSED_FOR_GOOD = frozenset(range(400, 500)) - {408, 429}
_GONE_FROM_DLQ = frozenset({"deleted", "expired", "purged"})


@dataclass(frozen=True)
class Sets:
    """The emails in each set, by key (parked: by email id); see `compliance.history.Sets`.

    false_ack: a 202 that the queue's journal does not bear out, or a delivery of what every answer
    had refused, or a valid email refused for good.
    """

    attempted: frozenset[str]
    acknowledged: frozenset[str]
    delivered: frozenset[str]
    lost: frozenset[str]
    duplicated: frozenset[str]
    ambiguous: frozenset[str]
    recovered: frozenset[str]
    denied: frozenset[str]
    unexpected: frozenset[str]
    misdelivered: frozenset[str]
    parked: frozenset[str]
    swallowed: frozenset[str]
    reordered: frozenset[str]
    false_ack: frozenset[str]

    def counts(self) -> dict[str, int]:
        return {field.name: len(getattr(self, field.name)) for field in fields(self)}

    def offences(self) -> dict[str, frozenset[str]]:
        """What refutes a claim, by set."""
        return {name: getattr(self, name) for name in OFFENCES if getattr(self, name)}


def sets_of(story: Story) -> Sets:
    """Sort every email of a drained simulation into its sets."""
    rows = story.rows
    sender = _Sender(rows["sender"])
    queue = _Queue(rows["queue"])
    deliveries: dict[str, list[Row]] = defaultdict(list)
    for row in rows["sink"]:
        deliveries[row["key"]].append(row)
    delivered = frozenset(deliveries)
    repeated = {key for key, copies in deliveries.items() if len(copies) > 1}
    ambiguous = _ambiguous({key: deliveries[key] for key in repeated}, rows["worker"])
    acknowledged = frozenset(sender.acknowledged)
    unanswered = delivered & sender.attempted - acknowledged
    denied = unanswered - sender.unknown
    return Sets(
        attempted=sender.attempted,
        acknowledged=acknowledged,
        delivered=delivered,
        lost=frozenset(
            key
            for key, (_, email_id) in sender.acknowledged.items()
            if key not in delivered and email_id not in queue.parked
        ),
        duplicated=frozenset(repeated - ambiguous),
        ambiguous=ambiguous,
        recovered=unanswered & sender.unknown,
        denied=denied,
        unexpected=delivered - sender.attempted,
        misdelivered=_misdelivered(deliveries, story),
        parked=queue.parked,
        swallowed=frozenset(
            key for key, (_, email_id) in sender.acknowledged.items() if email_id in queue.swallowed
        ),
        reordered=_reordered(deliveries, sender, queue),
        false_ack=_false_acks(rows["sender"], queue) | denied,
    )


class _Sender:
    """What the senders know."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.group: dict[str, str] = {}
        self.acknowledged: dict[str, tuple[float, str | None]] = {}
        invoked: Counter[str] = Counter()
        sure: Counter[str] = Counter()
        for row in rows:
            key = row["key"]
            self.group.setdefault(key, row["group"])
            if row["kind"] == "invoke":
                invoked[key] += 1
            elif row["kind"] != "info":
                sure[key] += 1
            if row["kind"] == "ok":
                self.acknowledged.setdefault(key, (row["at_s"], row["email_id"]))
        self.attempted = frozenset(self.group)
        self.unknown = frozenset(key for key, n in invoked.items() if n > sure[key])


class _Queue:
    """What the queue accepted, by email id (its deduplication id)."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self.stored: dict[str, tuple[float, str]] = {}  # when first, and its place
        self.group: dict[str, str] = {}
        bodies: dict[str, set[str]] = defaultdict(set)
        absorbed: list[tuple[str, str]] = []
        parked: dict[str, float] = {}
        left_again: dict[str, float] = {}
        for row in rows:
            email_id, event = row["dedup_id"], row["event"]
            if event == "stored":
                self.stored.setdefault(email_id, (row["at_s"], row["sequence"]))
                self.group.setdefault(email_id, row["group"])
                bodies[email_id].add(row["body_sha256"])
            elif event == "absorbed":
                absorbed.append((email_id, row["body_sha256"]))
            elif event == "parked":
                parked[email_id] = row["at_s"]
            elif event in _GONE_FROM_DLQ:
                left_again[email_id] = row["at_s"]
        self.parked = frozenset(
            email_id
            for email_id, at_s in parked.items()
            if left_again.get(email_id, float("-inf")) < at_s
        )
        self.swallowed = frozenset(
            email_id
            for email_id, body in absorbed
            if email_id in bodies and body not in bodies[email_id]
        )


def _ambiguous(repeated: Mapping[str, Sequence[Row]], worker: Iterable[Row]) -> frozenset[str]:
    """Second copies that an attempt with an unknown outcome accounts for.

    See `compliance.repeats`, which says why. Each is of one message through one provider.
    """
    routes = {
        copies[0]["email_id"]: (key, copies[0]["provider"])
        for key, copies in repeated.items()
        if len({(copy["email_id"], copy["provider"]) for copy in copies}) == 1
    }
    steps: dict[str, list[Row]] = defaultdict(list)
    for row in worker:
        is_step = row["provider"] is not None and row["event"] in _STEPS
        if is_step and row["email_id"] in routes:
            steps[row["email_id"]].append(row)
    return frozenset(
        key
        for email_id, (key, provider) in routes.items()
        if _accounts_for(steps[email_id], provider, len(repeated[key]) - 1)
    )


def _accounts_for(steps: Sequence[Row], provider: str, copies: int) -> bool:
    unknown, was_sent, before = 0, False, None
    for row in steps:
        event, is_same = row["event"], row["provider"] == provider
        if event == "attempted":
            if was_sent:
                return False
            unknown += is_same
        else:
            if before != "attempted":
                return False  # two attempts were under way at once
            is_known = event == "sent" or row.get("definite") is not False
            unknown -= is_same and is_known
            was_sent = was_sent or event == "sent"
        before = event
    return copies <= unknown


def _misdelivered(deliveries: Mapping[str, Sequence[Row]], story: Story) -> frozenset[str]:
    digests = [recipients_digest([person.email]) for person in story.people]
    wanted = {
        arrival.key: digests[arrival.number % len(digests)] for arrival in story.plan.arrivals
    }
    return frozenset(
        key
        for key, copies in deliveries.items()
        if key in wanted and any(copy["recipients_sha256"] != wanted[key] for copy in copies)
    )


def _reordered(
    deliveries: Mapping[str, Sequence[Row]], sender: _Sender, queue: _Queue
) -> frozenset[str]:
    """Emails that left after a later one of their group."""
    placed: dict[str, list[tuple[float, str, float, str]]] = defaultdict(list)
    for key, copies in deliveries.items():
        email_id = copies[0]["email_id"] or sender.acknowledged.get(key, (0.0, None))[1]
        if email_id in queue.stored:
            stored_s, sequence = queue.stored[email_id]
            group = sender.group.get(key) or queue.group[email_id]
            placed[group].append((stored_s, sequence, copies[0]["at_s"], key))
    late = set()
    for members in placed.values():
        first_of_later_s = float("inf")
        for _, _, first_s, key in sorted(members, reverse=True):
            if first_of_later_s < first_s:
                late.add(key)
            first_of_later_s = min(first_of_later_s, first_s)
    return frozenset(late)


def _false_acks(rows: Iterable[Row], queue: _Queue) -> frozenset[str]:
    """Keys with an answer that was not true."""
    told: dict[str, set[str]] = defaultdict(set)
    false = set()
    for row in rows:
        if row["kind"] == "ok":
            stored = queue.stored.get(row["email_id"])
            if stored is None or stored[0] > row["at_s"]:
                false.add(row["key"])
            if row["email_id"] is not None:
                told[row["email_id"]].add(row["key"])
        elif row["kind"] == "fail" and row["status"] in _REFUSED_FOR_GOOD:
            false.add(row["key"])
    shared = (keys for keys in told.values() if len(keys) > 1)
    return frozenset(false.union(*shared))
