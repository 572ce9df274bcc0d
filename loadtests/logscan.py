"""The log scan's part of the evidence: control lines that must be found.

Nothing is driven: the logs are those of earlier experiments. Three lines in the API's own format
show afterwards that the scan could have seen a leak: an address that the traffic carried, and an
address and a name that it did not.
"""

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from scenarios.evidence import ExperimentRecord, write_record
from scenarios.model import Scenario

STRANGER_ADDRESS = "a.stranger@example.net"
STRANGER_SENTENCE = "the guest Margaret Thornton from Manchester called about her booking"


def plant_control(
    scenario: Scenario, scenario_toml: str, folder: Path, sources: Sequence[Path], *, seed: int
) -> ExperimentRecord:
    """Write the experiment's folder; `sources` are those whose logs will be scanned."""
    (folder / "logs").mkdir(parents=True)
    address = _first_address(sources)
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    interrupted = None
    if address is None:
        interrupted = "none of the scanned runs left canaries to plant"
    else:
        lines = [f"control: {address}", f"control: {STRANGER_ADDRESS}", STRANGER_SENTENCE]
        text = "".join(
            json.dumps({"at": now, "component": "api", "event": line, "level": "info"}) + "\n"
            for line in lines
        )
        (folder / "logs" / "control.log").write_text(text, encoding="utf-8")
    record = ExperimentRecord(
        name=folder.name,
        scenario=scenario.name,
        scenario_toml=scenario_toml,
        seed=seed,
        started_at=now,
        origin_s=time.monotonic(),
        interrupted=interrupted,
    )
    write_record(folder / "experiment.json", record)
    return record


def _first_address(sources: Sequence[Path]) -> str | None:
    for source in sources:
        file = source / "canaries.jsonl"
        if not file.exists():
            continue
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                canary = json.loads(line)
                if canary["kind"] == "email":
                    return str(canary["value"])
    return None
