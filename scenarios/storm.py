"""A storm: faults of many kinds at once, composed at random by the seed.

    one slot a fault      |---1---|---2---|---3---|---4---|   calm
    each begins early       ====    ======= =====   ======
    and may reach over into the next

Two faults of one place never overlap: the second could not fire, since what is down cannot be
broken. Each fault has a moment to itself, so that it can be seen to fire. The load's end is calm,
so that everything heals and senders that try again get through.
"""

import random
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from scenarios.faults import LINKS, Fault, StormKind
from scenarios.model import EmailLoad, Scenario

FROM, UNTIL = 0.05, 0.85  # of the load: before and after it is calm
JITTER = 0.4  # of a slot: how late in it a fault begins at most
LENGTH = (0.6, 1.0)  # of a slot
GAP = 0.1  # of a slot: between two faults of one place

_FAULT: TypeAdapter[Fault] = TypeAdapter(Fault)
_COMPONENTS = ("api", "worker", "sqs", "sink")
_WRITERS = ("api", "worker")
# Calls that happen all the time; a visibility is changed only when something else goes wrong.
_ACTIONS = (
    ["SendMessage", "SendMessageBatch"],
    ["ReceiveMessage"],
    ["DeleteMessage", "DeleteMessageBatch"],
)
_ERRORS = ("InternalFailure", "ServiceUnavailable", "throttle")


class _Drawn(NamedTuple):
    place: str  # what it makes unusable
    fields: dict[str, Any]  # all but label and times


def planned_faults(scenario: Scenario, seed: int) -> list[Fault]:
    """All that is to be broken: what the scenario names, and what its storm draws."""
    return [*scenario.faults, *drawn_faults(scenario, seed)]


def drawn_faults(scenario: Scenario, seed: int) -> list[Fault]:
    """The faults of the scenario's storm, in the order in which they start."""
    storm, load = scenario.storm, scenario.load
    if storm is None or not isinstance(load, EmailLoad):
        return []
    rng = random.Random(f"storm/{seed}")
    slot_s = load.duration_s * (UNTIL - FROM) / storm.count
    starts_s = [
        load.duration_s * FROM + slot_s * (n + rng.uniform(0, JITTER)) for n in range(storm.count)
    ]
    ends_s = [start_s + slot_s * rng.uniform(*LENGTH) for start_s in starts_s]
    kinds = [rng.choice(storm.kinds) for _ in range(storm.count)]
    drawn = [_draw(kind, rng) for kind in kinds]
    faults = []
    for n, (kind, fault) in enumerate(zip(kinds, drawn, strict=True)):
        next_s = min(
            (starts_s[m] for m in range(n + 1, len(drawn)) if drawn[m].place == fault.place),
            default=load.duration_s,
        )
        end_s = min(ends_s[n], next_s - slot_s * GAP)
        label = f"storm-{n + 1:02}-{kind}"
        faults.append(_build(label, fault.fields, round(starts_s[n], 3), round(end_s, 3)))
    return faults


def _build(label: str, fields: dict[str, Any], start_s: float, end_s: float) -> Fault:
    until = {"down_s": round(end_s - start_s, 3)} if fields["at"] == "process" else {"end_s": end_s}
    return _FAULT.validate_python({"label": label, "start_s": start_s, **until, **fields})


def _draw(kind: StormKind, rng: random.Random) -> _Drawn:
    at, _, name = kind.partition("-")
    fields = {"at": at, "kind": name}
    match at:
        case "sqs":
            return _Drawn("sqs", fields | _sqs(name, rng))
        case "provider":
            return _Drawn("sink", fields | _provider(name, rng))
        case "network":
            link = rng.choice(LINKS)
            return _Drawn("-".join(link), fields | {"between": link} | _network(name, rng))
        case "process":
            component = rng.choice(_COMPONENTS)
            return _Drawn(component, fields | {"component": component})
        case _:
            writer = rng.choice(_WRITERS)
            step = {"step_s": round(rng.uniform(-3_600, 3_600), 1)} if at == "clock" else {}
            return _Drawn(writer, fields | {"component": writer} | step)


def _sqs(name: str, rng: random.Random) -> dict[str, Any]:
    if name == "outage":
        return {}
    actions = {"actions": rng.choice(_ACTIONS)}
    more: dict[str, dict[str, Any]] = {
        "refuse": actions | {"error": rng.choice(_ERRORS)},
        "lose-answer": actions | {"how": rng.choice(("reset", "timeout"))},
        "delay": actions | {"delay_s": _around(1.0, rng)},
        "slow-body": actions | {"body_s": _around(1.0, rng)},
        "half-batch": {"actions": ["DeleteMessageBatch"]},
        "wrong-md5": {"actions": rng.choice(_ACTIONS[:2])},
        "early-expiry": {"visibility_s": 1},
    }
    return {"probability": round(rng.uniform(0.3, 0.9), 3), **more.get(name, {})}


def _provider(name: str, rng: random.Random) -> dict[str, Any]:
    probability = {"probability": round(rng.uniform(0.3, 1.0), 3)}
    return probability | ({"delay_s": _around(1.0, rng)} if name == "slow" else {})


def _network(name: str, rng: random.Random) -> dict[str, Any]:
    direction = {"direction": rng.choice(("both", "to", "from"))}
    match name:
        case "delay":
            return direction | {"delay_s": _around(0.3, rng)}
        case "slow":
            return direction | {"bytes_per_s": rng.choice((20_000, 50_000, 100_000))}
        case _:
            return direction


def _around(middle_s: float, rng: random.Random) -> float:
    return round(rng.uniform(0.5, 1.5) * middle_s, 3)
