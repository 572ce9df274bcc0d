"""Which places fail a merge, after policy and baseline had their say."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from compliance.pii.baseline import Known, known
from compliance.pii.outputs import LEVELS
from compliance.pii.policy import Policy
from compliance.pii.report import Place, ScanReport

BY_FIELD, BY_POLICY, BY_BASELINE, BY_LEVEL = "allowed fields", "policy", "baseline", "level off"


@dataclass(frozen=True)
class Gated:
    """A report as the gate sees it: places with the policy's levels, and what was let pass."""

    report: ScanReport  # its places are those that count, levels as the policy says
    failing: int
    passed: dict[str, int]  # why -> how many places
    remarks: tuple[str, ...]  # about the policy itself, such as entries that expired

    @property
    def told(self) -> str:
        """What was let pass, in a few words; empty when nothing was."""
        return ", ".join(f"{count:,} by {why}" for why, count in self.passed.items())


def gate(report: ScanReport, policy: Policy, baseline: frozenset[Known], today: date) -> Gated:
    """Sort the places of a report. An allow entry that has expired allows nothing."""
    passed: Counter[str] = Counter()
    counted: list[Place] = []
    for place in report.places:
        why = why_passed(place, policy, baseline, today)
        if why:
            passed[why] += 1
        else:
            counted.append(levelled(place, policy))
    counted.sort(key=lambda place: (_gravity(place), -place.lines, place.rule))
    grave = {"error"} if policy.fail_on == "error" else {"error", "warning"}
    return Gated(
        report=replace(report, places=tuple(counted)),
        failing=sum(place.level in grave for place in counted),
        passed=dict(passed),
        remarks=tuple(_remarks(report.places, policy, baseline, today)),
    )


def _gravity(place: Place) -> int:
    levels: tuple[str, ...] = LEVELS
    return levels.index(place.level)


def levelled(place: Place, policy: Policy) -> Place:
    """The place and its findings, at the policy's level."""
    level = policy.level_of(place)
    findings = tuple(replace(finding, level=level) for finding in place.findings)
    return replace(place, level=level, findings=findings)


def why_passed(place: Place, policy: Policy, baseline: frozenset[Known], today: date) -> str | None:
    """Why a place does not count, or None when it does."""
    if policy.level_of(place) == "off":
        return BY_LEVEL
    if policy.allows_field(place):
        return BY_FIELD
    if any(entry.expires >= today and entry.fits(place) for entry in policy.allow):
        return BY_POLICY
    return BY_BASELINE if known(place) in baseline else None


def _remarks(
    places: Iterable[Place], policy: Policy, baseline: frozenset[Known], today: date
) -> list[str]:
    places = list(places)
    told = []
    for number, entry in enumerate(policy.allow):
        fitting = sum(entry.fits(place) for place in places)
        name = f"policy: allow[{number}]"
        if entry.expires < today:
            also = f"; {fitting:,} places count again" if fitting else ""
            told.append(f"{name} expired on {entry.expires}{also}: renew it or take it out")
        elif not fitting:
            told.append(f"{name} fits nothing in these logs")
    gone = len(baseline - {known(place) for place in places})
    if gone:
        told.append(f"baseline: {gone:,} places are no longer found; --write-baseline drops them")
    return told
