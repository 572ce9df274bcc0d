"""`queueproof trace ID`: one email's card, from ledgers and logs, by any of its ids.

Works on a run that was killed, too: its ledgers lie open beside each other. Log lines are shown
without what might be personal: of a JSON line its time, component, level and event, and the fields
in FIELDS; of any other line only where it stands.
"""

import json
import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from compliance.ledgers import Ledgers
from compliance.replay import replay_command
from compliance.timeline import cards
from compliance.verdict import Card
from reports.cards import card_view, text_lines
from reports.text import shown
from scenarios.evidence import (
    LEDGERS,
    EvidenceError,
    Plan,
    RunManifest,
    read_experiment,
    read_manifest,
)

ID_CHARS_MAX = 255  # of an idempotency key; SQS allows 128 for what it calls by name
LOG_LINES_MAX = 40  # of one experiment
LINE_BYTES_MAX = 64 * 1024  # of a line that is looked at
_ID = re.compile(rf"[ -~]{{1,{ID_CHARS_MAX}}}")
# Fields whose values are numbers, ids or words of a fixed set, whoever writes them.
FIELDS = (
    *("status", "code", "reason", "is_definite", "attempt", "receive_count", "duration_ms"),
    *("provider", "email_id", "message_id"),
)
# An event is a text that a programmer wrote: lower-case words. Anything else may quote somebody.
_EVENT = re.compile(r"[a-z][a-z /_-]{0,59}")
_VALUE = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")


class TraceError(Exception):
    """Nothing to show: what was wrong with the id, or what was searched for it."""


@dataclass(frozen=True)
class LogLine:
    """A line that names the email, as far as it is shown."""

    log: str
    line: int
    what: str


@dataclass(frozen=True)
class Trace:
    """What one experiment knows of an email."""

    card: Card
    logs: list[LogLine]
    logs_left_out: int


def trace(run: Path, asked: str) -> list[Trace]:
    """What each experiment of `run` knows of the email that is called `asked`.

    Raises TraceError when the id cannot be one, or is nowhere; EvidenceError when `run` is no run
    directory.
    """
    if not _ID.fullmatch(asked):
        raise TraceError(
            f"the id must be 1 to {ID_CHARS_MAX} printable ASCII characters; give an email id, an "
            "idempotency key or the queue's message id"
        )
    manifest = read_manifest(run)
    found, unreadable, searched = [], [], []
    for name in manifest.experiments:
        if not (run / name / "experiment.json").exists():
            continue
        try:
            one = _trace(run, name, manifest, asked)
        except EvidenceError as error:
            unreadable.append(str(error))
            continue
        searched.append(name)
        if one is not None:
            found.append(one)
    if not found:
        raise TraceError(_nowhere(run, asked, searched, unreadable))
    return found


def _trace(run: Path, name: str, manifest: RunManifest, asked: str) -> Trace | None:
    record = read_experiment(run / name)
    plan = manifest.plans.get(name) or Plan(scenario=record.scenario, scenario_sha256="", claims=[])
    with Ledgers(run / name) as ledgers:
        replay = replay_command(run, name, plan, record.seed)
        card = cards(ledgers, record, [asked], replay).get(asked)
    if card is None:
        return None
    lines, left_out = _log_lines(run / name, [*card.email_ids, *card.message_ids, *card.keys])
    return Trace(card, lines, left_out)


def _nowhere(run: Path, asked: str, searched: Sequence[str], unreadable: Sequence[str]) -> str:
    ledgers = ", ".join(name for name in LEDGERS if name not in {"calls", "metrics"})
    where = f"the ledgers {ledgers} of {', '.join(searched)}" if searched else "no experiment"
    problems = f"; could not be read: {'; '.join(unreadable)}" if unreadable else ""
    return f"{run}: nothing is called {shown(asked, 80)!r}; searched {where}{problems}"


def _log_lines(experiment: Path, ids: Sequence[str]) -> tuple[list[LogLine], int]:
    """Lines of the components' logs that name one of the ids as a whole word."""
    inside = re.escape(string.ascii_letters + string.digits + "_-").encode()
    words = b"|".join(re.escape(each.encode()) for each in sorted(ids, key=len, reverse=True))
    pattern = re.compile(rb"(?<![%b])(?:%b)(?![%b])" % (inside, words, inside))
    found: list[LogLine] = []
    left_out = 0
    for log in sorted((experiment / "logs").glob("*.log")):
        for number, line in _lines(log):
            if not pattern.search(line):
                continue
            if len(found) < LOG_LINES_MAX:
                found.append(LogLine(log.name, number, _without_people(line, ids)))
            else:
                left_out += 1
    return found, left_out


def _lines(log: Path) -> Iterator[tuple[int, bytes]]:
    """A log's lines with their numbers; of a longer line only the beginning."""
    try:
        with log.open("rb") as file:
            number, starts_line = 0, True
            while line := file.readline(LINE_BYTES_MAX):
                number += starts_line
                if starts_line:
                    yield number, line
                starts_line = line.endswith(b"\n")
    except OSError:
        return


def _without_people(line: bytes, ids: Sequence[str]) -> str:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        return "(not JSON, so not shown)"
    at, event = row.get("at"), row.get("event")
    parts = [str(at) if isinstance(at, str) and _VALUE.fullmatch(at) else ""]
    parts.append(event if isinstance(event, str) and _EVENT.fullmatch(event) else "(event hidden)")
    parts += [f"{name}={_value(row[name], ids)}" for name in FIELDS if name in row]
    return " ".join(part for part in parts if part)


def _value(value: Any, ids: Sequence[str]) -> str:
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    is_harmless = isinstance(value, str) and (value in ids or _VALUE.fullmatch(value))
    return str(value) if is_harmless else "(hidden)"


def as_text(traces: Sequence[Trace]) -> str:
    """Cards and log lines for a terminal."""
    lines: list[str] = []
    for each in traces:
        lines += ["", *text_lines(card_view(each.card)), ""]
        lines.append("log lines that name it" + ("" if each.logs else ": none"))
        lines += [f"  {line.log}:{line.line}  {shown(line.what)}" for line in each.logs]
        if each.logs_left_out:
            lines.append(f"  and {each.logs_left_out:,} more")
    return "\n".join(lines[1:])


def as_json(traces: Sequence[Trace]) -> str:
    """The same for a machine."""
    return json.dumps(
        [
            {
                "card": each.card.model_dump(mode="json"),
                "logs": [asdict(line) for line in each.logs],
                "logs_left_out": each.logs_left_out,
            }
            for each in traces
        ],
        indent=2,
    )
