"""The core: facts and a profile in, findings out. No I/O."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from compliance.pii.outputs import LEVELS, Level
from compliance.queue_audit.facts import Facts, LogGroupFacts, Place, QueueFacts, Unknown
from compliance.queue_audit.profile import Profile
from compliance.queue_audit.rules import LOG_GROUP_RULES, QUEUE_RULES
from compliance.queue_audit.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that a subject breaks."""

    rule: Rule[Any]
    level: Level
    subject: str
    place: Place
    message: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A question that the facts left open. `rule_id` is None when a whole subject is missing."""

    rule_id: str | None
    subject: str
    place: Place
    why: str


@dataclass(frozen=True, slots=True)
class Audit:
    """The answer to every question."""

    findings: tuple[Finding, ...]
    unanswered: tuple[Unanswered, ...]
    passed: int  # questions whose answer is: as it should be

    @property
    def is_broken(self) -> bool:
        """Whether a finding is graver than a note."""
        return any(finding.level != "note" for finding in self.findings)


def audit(facts: Facts, profile: Profile) -> Audit:
    """Ask every rule about every subject."""
    findings: list[Finding] = []
    unanswered = [Unanswered(None, "", place, why) for place, why in facts.gaps]
    passed = 0
    for rule, subject in _questions(facts):
        level = profile.levels.get(rule.id, rule.level)
        if level == "off":
            continue
        answers = list(rule.check(subject, profile))
        passed += not answers
        label = _label(subject)
        for answer in answers:
            if isinstance(answer, Unknown):
                unanswered.append(Unanswered(rule.id, label, subject.place, answer.why))
            else:
                findings.append(Finding(rule, level, label, subject.place, answer))
    findings.sort(key=lambda finding: LEVELS.index(finding.level))
    return Audit(tuple(findings), tuple(unanswered), passed)


def _questions(facts: Facts) -> Iterator[tuple[Rule[Any], QueueFacts | LogGroupFacts]]:
    for queue in facts.queues:
        yield from ((rule, queue) for rule in QUEUE_RULES)
    for group in facts.log_groups:
        yield from ((rule, group) for rule in LOG_GROUP_RULES)


def _label(subject: QueueFacts | LogGroupFacts) -> str:
    kind = "queue" if isinstance(subject, QueueFacts) else "log group"
    return f"{kind} {subject.name}"
