"""The log scan's part of the evidence: a control line that must be found.

Nothing is driven: the logs are those of earlier experiments. One line in the API's own format,
with one address that the traffic carried, shows afterwards that the scan could have seen a leak.
"""

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from scenarios.evidence import ExperimentRecord, write_record
from scenarios.model import Scenario


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
        line = {"timestamp": now, "level": "info", "event": "control line", "recipient": address}
        (folder / "logs" / "control.log").write_text(json.dumps(line) + "\n", encoding="utf-8")
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
