"""The checker's SQL against its definition in plain Python, on random small histories.

A checker that agrees on all of them is right; one with a planted bug is found to disagree.
"""

import json
import random
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import compliance.contents
import compliance.history
import compliance.numbered
import compliance.repeats
from compliance.checks import coherence, false_ack
from compliance.history import SET_NAMES, History
from compliance.planned import recipient_digests
from scenarios.evidence import ExperimentRecord, write_record

SCENARIO = """
name = "random"
summary = "written by a test"

[load]
kind = "emails"
arrivals = "even"
rate_per_s = 100
duration_s = 1
groups = 2
people = 6
"""
DIGESTS = recipient_digests(6, 1)
TEXTS = ("one", "two", "three", "four", "five", "six")  # about each of them
PLANNED = {f"p-{number:06d}" for number in range(100)}
# Planned ones, and others that only look like them: each is an email of its own.
KEYS = ("p-000000", "p-000001", "p-1", "p-+00001", "p- 00001", "p-0000001", "p-1000000", "q")
IDS = ("em_a", "em_b", "em_c", "em_d")

# What a key's answers and deliveries call the email, and its group, do not change within a history.
TRAITS = st.fixed_dictionaries(
    {
        "told": st.sampled_from((None, *IDS)),
        "sent": st.sampled_from((None, *IDS)),
        "group": st.sampled_from((None, "group-0000", "g")),
    }
)
KEY = st.integers(0, len(KEYS) - 1)
ID = st.sampled_from(IDS)
EVENTS = st.one_of(
    st.tuples(
        st.just("sender"),
        st.sampled_from(["invoke", "invoke", "ok", "fail", "info"]),
        KEY,
        st.integers(1, 2),
        st.sampled_from([202, 202, 500]),
    ),
    st.tuples(
        st.just("queue"),
        st.sampled_from(["stored", "stored", "absorbed"]),
        ID,
        st.sampled_from(["1", "2", "10", None]),
        st.sampled_from(["b", "c", None]),
    ),
    st.tuples(
        st.just("queue"),
        st.sampled_from(["parked", "deleted", "purged", "received"]),
        ID,
        st.none(),
        st.none(),
    ),
    st.tuples(
        st.just("sink"),
        st.none() | KEY,
        st.sampled_from(["right", "right", "wrong"]),
        st.sampled_from(["smtp", "smtp", "smtp", "ses", None]),
    ),
    st.tuples(
        st.just("worker"),
        st.sampled_from(["attempted", "attempted", "sent", "failed"]),
        ID,
        st.sampled_from(["smtp", "smtp", "ses"]),
        st.sampled_from([True, False, None]),
    ),
)
# Deliveries, repeats and the journal of one email are what the rarer sets are made of.
HISTORIES = st.tuples(
    st.lists(TRAITS, min_size=len(KEYS), max_size=len(KEYS)), st.lists(EVENTS, max_size=30)
)  # fmt: skip


def person(key):
    """About whom the plan says that this email is; of an unplanned one it says nothing."""
    return int(key[2:]) % 6 if key in PLANNED else 0


def ledgers(history):
    """The rows of each ledger; two events share a moment, so that ties are met."""
    traits, events = history
    rows = {"sender": [], "queue": [], "sink": [], "worker": []}
    for number, (ledger, *event) in enumerate(events):
        row = {"at_s": float(number // 2)}
        match ledger, event:
            case "sender", [kind, key, attempt, status]:
                told = traits[key]["told"] if kind == "ok" else None
                row |= {"kind": kind, "key": KEYS[key], "attempt": attempt, "email_id": told}
                row |= {"group": traits[key]["group"], "status": status if kind == "ok" else None}
            case "queue", [event, dedup_id, sequence, body]:
                row |= {"event": event, "dedup_id": dedup_id, "sequence": sequence, "queue": "q"}
                row |= {"body_sha256": body, "group": "queue's"}
            case "sink", [key, digest, provider]:
                row |= {"recipients_sha256": digest, "provider": provider}
                if key is not None:
                    row |= {"key": KEYS[key], "email_id": traits[key]["sent"]}
                    row |= {"body_sha256": TEXTS[person(KEYS[key])]}
                    if digest == "right":
                        row["recipients_sha256"] = DIGESTS[person(KEYS[key])]
            case "worker", [event, email_id, provider, definite]:
                row |= {"event": event, "email_id": email_id, "provider": provider}
                row |= {"definite": definite if event == "failed" else None}
        rows[ledger].append(row)
    return rows


def write(rows_of, folder):
    for name, rows in rows_of.items():
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(lines)
    record = ExperimentRecord(
        name="random", scenario="random", scenario_toml=SCENARIO, seed=1, key_prefix="p",
        started_at="2026-01-01T00:00:00+00:00", origin_s=0.0, drained=True,
    )  # fmt: skip
    write_record(folder / "experiment.json", record)


def by(rows, column):
    grouped = defaultdict(list)
    for row in rows:
        grouped[row.get(column)].append(row)
    return grouped


def order_of(row):
    """As the queue accepted: by its clock, then by its sequence; what has none comes last."""
    sequence = row["sequence"]
    return row["at_s"], sequence is None, int(sequence or 0)


def is_ambiguous(deliveries, worker):
    """What `compliance.repeats` says in words."""
    providers = {row["provider"] for row in deliveries}
    if len(providers) > 1 or None in providers:
        return False
    steps = sorted(worker, key=lambda row: (row["at_s"], row["event"] != "attempted"))
    unknown, is_open, was_sent = 0, False, False
    for step in steps:
        is_same = step["provider"] in providers
        if step["event"] == "attempted":
            if was_sent:
                return False
            unknown += is_same
            is_open = True
            continue
        if not is_open:
            return False
        is_open = False
        was_sent |= step["event"] == "sent"
        unknown -= is_same and (step["event"] == "sent" or step["definite"] is not False)
    return len(deliveries) - 1 <= unknown


def model(rows):
    """Each set as the sorted keys of its emails; `false` and `unfinished` as counts."""
    sets = {name: [] for name in SET_NAMES}
    by_key, delivered = by(rows["sender"], "key"), by(rows["sink"], "key")
    told_of = {row["key"]: row["email_id"] for row in rows["sender"] if row["kind"] == "ok"}
    parked, swallowed = parked_ids(rows["queue"]), swallowed_ids(rows["queue"])
    for key, told in told_of.items():
        if not delivered[key] and told not in parked:
            sets["lost"].append(key)
        if told in swallowed:
            sets["swallowed"].append(key)
    for key, copies in delivered.items():
        if copies and key is not None:
            for name in sets_of_delivered(key, by_key[key], copies, rows):
                sets[name].append(key)
    if delivered[None]:
        sets["unexpected"].append(None)
    sets["reordered"] = reordered(rows, told_of)
    sets["swapped"] = swapped(rows["sink"])
    sets = {name: sorted(keys, key=str) for name, keys in sets.items()}
    answers = [row for row in rows["sender"] if row["kind"] != "invoke"]
    sets["false"] = len(sets["denied"]) + false_acknowledgements(answers, rows["queue"])
    answered = {(row["key"], row["attempt"]) for row in answers}
    sets["unfinished"] = sum(
        row["kind"] == "invoke" and (row["key"], row["attempt"]) not in answered
        for row in rows["sender"]
    )
    return sets


def sets_of_delivered(key, mine, copies, rows):
    kinds = [row["kind"] for row in mine]
    if len(copies) > 1:
        sent = copies[0].get("email_id")
        journal = [row for row in rows["worker"] if row["email_id"] == sent]
        # Copies of another key with the same id went out as the same message.
        same = [row for row in rows["sink"] if sent and row.get("email_id") == sent]
        is_one_message = len({row["provider"] for row in same}) == 1 and journal
        yield "ambiguous" if is_one_message and is_ambiguous(copies, journal) else "duplicated"
    if not mine:
        yield "unexpected"
    elif "ok" not in kinds:
        is_unknown = kinds.count("invoke") > kinds.count("fail")
        yield "recovered" if is_unknown else "denied"
    if key in PLANNED and any(row["recipients_sha256"] == "wrong" for row in copies):
        yield "misdelivered"


def swapped(sink):
    """Keys of planned emails with a text that belongs to somebody else: `compliance.contents`."""
    owners = defaultdict(lambda: defaultdict(list))
    planned = [row for row in sink if row.get("key") in PLANNED and row["body_sha256"]]
    for row in planned:
        owners[row["provider"], row["body_sha256"]][person(row["key"])].append(row["at_s"])
    found = set()
    for row in planned:
        people = owners[row["provider"], row["body_sha256"]]
        if 1 < len(people) <= len(TEXTS) / 2:
            owner = min(people, key=lambda each: (-len(people[each]), min(people[each]), each))
            if owner != person(row["key"]):
                found.add(row["key"])
    return list(found)


def parked_ids(queue):
    left = [row for row in queue if row["event"] in {"deleted", "expired", "purged"}]
    return {
        p["dedup_id"]
        for p in queue
        if p["event"] == "parked"
        and not any(q["dedup_id"] == p["dedup_id"] and q["at_s"] >= p["at_s"] for q in left)
    }


def stored_rows(queue):
    return by((row for row in queue if row["event"] == "stored"), "dedup_id")


def swallowed_ids(queue):
    bodies = {i: {row["body_sha256"] for row in rows} for i, rows in stored_rows(queue).items()}
    return {
        row["dedup_id"]
        for row in queue
        if row["event"] == "absorbed"
        and row["dedup_id"] in bodies
        and row["body_sha256"] not in bodies[row["dedup_id"]]
    }


def reordered(rows, told_of):
    """Keys that left after an email of their group that the queue had accepted later."""
    places = {
        i: (min(row["at_s"] for row in kept), min(order_of(row)[1:] for row in kept))
        for i, kept in stored_rows(rows["queue"]).items()
    }
    by_key = by(rows["sender"], "key")
    groups = defaultdict(list)
    for key, copies in by(rows["sink"], "key").items():
        placed = copies[0].get("email_id") or told_of.get(key)
        if placed in places:
            group = next((row["group"] for row in by_key[key] if row["group"]), "queue's")
            groups[group].append((places[placed], min(row["at_s"] for row in copies), key))
    found = []
    for members in groups.values():
        ordered = sorted(members)
        for n, (_, first_s, key) in enumerate(ordered):
            if any(later_s < first_s for _, later_s, _ in ordered[n + 1 :]):
                found.append(key)
    return found


def false_acknowledgements(answers, queue):
    oks = [row for row in answers if row["kind"] == "ok"]
    told_to = defaultdict(set)
    for row in oks:
        if row["email_id"]:
            told_to[row["email_id"]].add(row["key"])
    stored = stored_rows(queue)
    return sum(
        row["status"] != 202
        or row["email_id"] not in stored
        or len(told_to[row["email_id"]]) > 1
        or min(each["at_s"] for each in stored[row["email_id"]]) > row["at_s"]
        for row in oks
    )


def judged(rows):
    with tempfile.TemporaryDirectory() as folder:
        write(rows, Path(folder))
        opened = History(Path(folder))
        try:
            found = {}
            for name in SET_NAMES:
                keys = [key for (key,) in opened.rows(f"from {name} select key")]
                assert getattr(opened.sets, name) == len(keys), name
                found[name] = sorted(keys, key=str)
            found["false"] = len(opened.rows(false_ack.FALSE_ACKS))
            found["unfinished"] = opened.one(coherence.UNFINISHED)
            return found
        finally:
            opened.close()


@settings(max_examples=50, deadline=None)
@given(HISTORIES)
def test_sql_agrees_with_the_definition(history):
    rows = ledgers(history)
    assert judged(rows) == model(rows)


# What a worker's journal may say about an email: (event, provider, definite), in order.
SMTP_TRIED, SMTP_SENT = ("attempted", "smtp", None), ("sent", "smtp", None)
UNKNOWN, REFUSED = ("failed", "smtp", False), ("failed", "smtp", True)
JOURNALS = (
    [],
    [SMTP_TRIED, SMTP_SENT],
    [SMTP_TRIED, SMTP_TRIED, SMTP_SENT],
    [SMTP_TRIED, UNKNOWN, SMTP_TRIED, SMTP_SENT],
    [SMTP_TRIED, REFUSED, SMTP_TRIED, SMTP_SENT],
    [SMTP_TRIED, SMTP_TRIED, UNKNOWN, SMTP_SENT],
    [SMTP_TRIED, SMTP_SENT, SMTP_TRIED, UNKNOWN],
    [SMTP_TRIED, UNKNOWN, ("attempted", "ses", None), ("sent", "ses", None)],
    [("attempted", "ses", None), ("failed", "ses", False), SMTP_TRIED, SMTP_SENT],
)


def life(rng, key, email_id):
    """One email's rows, each with its ledger, in order; anything may go wrong with it."""
    told = email_id if rng.random() < 0.9 else None
    sender = {"key": key, "group": rng.choice(["group-0000", "group-0001", "g"])}
    queue = {"queue": "q", "dedup_id": email_id, "group": "queue's"}
    for attempt in range(1, rng.choice([1, 2, 2, 2, 2, 3, 3])):
        yield "sender", sender | {"kind": "invoke", "attempt": attempt}
        if rng.random() < 0.9:
            sequence = rng.choice([str(rng.randrange(120)), None])
            stored = {"event": "stored", "sequence": sequence, "body_sha256": "b"}
            yield "queue", queue | (
                stored if attempt == 1 else
                {"event": "absorbed", "body_sha256": rng.choice(["b", "b", "c"])})  # fmt: skip
        answer = rng.choice(["ok", "ok", "ok", "info", "fail", None])
        if answer:
            told_now = told if answer == "ok" else None
            more = {"kind": answer, "attempt": attempt, "email_id": told_now}
            yield "sender", sender | more | {"status": 202 if answer == "ok" else None}
    copies = rng.choice([0, 1, 1, 1, 2, 2])
    if rng.random() < 0.2:
        copies = 0
        yield "queue", queue | {"event": "parked"}
        if rng.random() < 0.5:
            yield "queue", queue | {"event": "purged"}
    for event, provider, definite in rng.choice(JOURNALS):
        more = {"event": event, "provider": provider, "definite": definite}
        yield "worker", more | {"email_id": email_id}
    providers = ["smtp", rng.choice(["smtp", "smtp", "ses"])]
    named = rng.choice([email_id, email_id, email_id, None])
    for provider in providers[:copies]:
        digest = DIGESTS[person(key)] if rng.random() < 0.9 else "wrong"
        text = (
            TEXTS[person(key)]
            if rng.random() < 0.9
            else rng.choice([*TEXTS, "template", "template", None])
        )
        more = {"provider": provider, "recipients_sha256": digest, "body_sha256": text}
        yield "sink", more | {"key": key, "email_id": named}


def crowd(seed, emails=400):
    """The ledgers of many emails at once, so that rare anomalies are among them."""
    rng = random.Random(seed)
    timed = []
    for n in range(emails):
        key = KEYS[n] if n < len(KEYS) else f"p-{n:06d}"
        owner = n - 1 if n and rng.random() < 0.05 else n  # or two emails under one id
        at_s = rng.random() * 40
        for ledger, row in life(rng, key, f"em_{owner}"):
            at_s += rng.choice([0, 1, 5]) * rng.random()
            timed.append((round(at_s), ledger, row))
    rows = {"sender": [], "queue": [], "sink": [], "worker": []}
    for at_s, ledger, row in sorted(timed, key=lambda each: each[0]):
        rows[ledger].append({"at_s": at_s, **row})
    return rows


CROWDS = (1, 2)


@pytest.mark.parametrize("seed", CROWDS)
def test_sql_agrees_on_a_crowd_in_which_every_set_has_members(seed):
    rows = crowd(seed)
    expected = model(rows)
    assert judged(rows) == expected
    assert all(expected.values()), "a set that is empty tests nothing"


@pytest.mark.parametrize(
    ("script", "right", "wrong"),
    [
        # lost ignores what was parked
        ("history.SETS", "or acknowledged_eid not in (select eid from parked",
         "or 0 not in (select eid from parked"),
        # duplicated is counted by email id, so that two emails under one id are one
        ("history.SETS", "where deliveries > 1 and kid is not null",
         "where delivered_eid in (select i.eid from sink join email_ids i using (email_id) "
         "group by 1 having count(*) > 1) and kid is not null"),
        # reordered compares neighbours alone
        ("history.TABLES", "between unbounded preceding and 1 preceding",
         "between 1 preceding and 1 preceding"),
        # order within the queue's groups in place of the sender's
        ("history.TABLES", "coalesce(e.gid, i.gid)", "coalesce(i.gid, e.gid)"),
        # sequences sorted as text
        ("numbered.STORED", "min(try_cast(sequence as uhugeint))", "min(sequence)"),
        # swallowed ignores the body
        ("history.TABLES", "b.body_sha256 is not distinct from a.body_sha256", "true"),
        # what left the DLQ again counts as parked
        ("history.TABLES", "l.at_s >= p.at_s", "false"),
        # what was refused counts as unknown
        ("numbered.SENDERS", "filter (kind in ('ok', 'fail'))", "filter (kind in ('ok'))"),
        # keys that only look like planned ones are taken for them
        ("numbered.SETTINGS", "and key = key_of(tail_of(key))", ""),
        # a 202 told before the write is true
        ("numbered.SENDERS", "or stored_s > at_s", ""),
        # a definite failure leaves the outcome unknown
        ("repeats.REPEATS", "coalesce(definite, true)", "false"),
        # a text that most people were sent counts as somebody's own
        ("contents.SWAPPED", "and 2 * count(*) <= (select count(*) from people)", ""),
        # a text belongs to whom it was sent least
        ("contents.SWAPPED", "order by copies desc, first_s", "order by copies, first_s"),
        # a repeat after `sent` is excused
        ("repeats.REPEATS", "and not sent_again", ""),
        # a repeat while the first was under way is excused
        ("repeats.REPEATS", "and not overlapped", ""),
        # a repeat through another provider is excused
        ("repeats.REPEATS", "and min(provider) = max(provider)", ""),
        # every unknown attempt excuses any number of repeats
        ("repeats.REPEATS", "r.deliveries - 1 <= t.unknown", "true"),
    ],
)  # fmt: skip
def test_a_checker_with_a_planted_bug_is_found(monkeypatch, script, right, wrong):
    module, name = script.split(".")
    text = getattr(sys.modules[f"compliance.{module}"], name)
    assert right in text
    # Where a script is used is not always where it was written.
    for user in (compliance.history, compliance.numbered, compliance.repeats):
        if hasattr(user, name):
            monkeypatch.setattr(user, name, text.replace(right, wrong))
    assert any(judged(rows) != model(rows) for rows in map(crowd, CROWDS))
