"""compare.json: every figure of the comparison, not rounded, for a machine."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from reports.compare.limits import NO_CALM_STAGE, Held, Limit
from reports.compare.model import CompareView
from reports.compare.sentences import Compared


def render(view: CompareView, compared: Sequence[Compared]) -> str:
    """The whole document."""
    told = {
        "run": view.run.name,
        "seed": view.run.seed,
        "commit": view.run.commit,
        "scenario": view.scenario,
        "work": view.work,
        "sentences": view.sentences,
        "troubles": view.troubles,
        "configurations": {each.name: _configuration(each) for each in compared},
    }
    return json.dumps(told, indent=2) + "\n"


def _held(limit: Limit) -> dict[str, str] | None:
    if limit is None:
        return None
    if isinstance(limit, Held):
        return {"by": limit.kind, "what": limit.what}
    return {"by": limit, "what": NO_CALM_STAGE}


def _configuration(each: Compared) -> dict[str, Any]:
    figures = asdict(each.figures)
    figures["load"] = each.figures.load.model_dump(mode="json")
    figures["cost"] = each.figures.cost and each.figures.cost.model_dump(mode="json")
    figures["configuration"] = each.figures.configuration.model_dump(mode="json")
    return {
        **figures,
        "reached_per_s": each.reached_per_s,
        "calls_per_email": each.figures.calls_per_email,
        "usd_per_million": each.figures.usd_per_million,
        "capacity": None if each.capacity is None else each.capacity.model_dump(mode="json"),
        "held_up_by": _held(each.limit),
        "verdicts": {
            claim: {
                "outcome": verdict.outcome,
                "summary": verdict.summary,
                "figures": verdict.figures,
                "reasons": verdict.reasons,
                "offences": [offence.id for offence in verdict.offences],
            }
            for claim, verdict in each.verdicts.items()
        },
    }
