"""Was the defect seen, and by the check that is meant for it? Pure."""

from collections.abc import Iterable
from enum import StrEnum

from compliance.verdict import Judgement, Outcome
from queueproof.gallery.catalog import Expected


class Sight(StrEnum):
    """What came of one exhibit."""

    CAUGHT = "caught"  # refuted as expected, and on nothing else
    MISSED = "MISSED"  # its claim was verified, or nobody tried it
    WRONG_CHECK = "WRONG CHECK"  # refuted otherwise than expected
    CLEAN = "clean"  # the healthy reference, verified
    FLAGGED = "FLAGGED"  # the healthy reference, refuted
    UNCLEAR = "cannot tell"  # inconclusive


def look(expected: Expected | None, judgement: Judgement) -> tuple[Sight, str]:
    """What was seen and, unless all is as it should be, why not."""
    refuted = {claim.claim for claim in judgement.claims if claim.outcome is Outcome.REFUTED}
    if expected is None:
        return _of_healthy(refuted, judgement)
    wanted = {expected.claim, *expected.also}
    if not refuted:
        outcome = next((c.outcome for c in judgement.claims if c.claim == expected.claim), None)
        if outcome is Outcome.INCONCLUSIVE:
            return Sight.UNCLEAR, _why_not(judgement, {expected.claim})
        return Sight.MISSED, f"{expected.claim} was {outcome or 'not tried'}"
    if refuted - set(expected.perhaps) != wanted:
        return Sight.WRONG_CHECK, f"refuted: {_list(refuted)}; expected: {_list(wanted)}"
    said = {
        offence.what
        for claim in judgement.claims
        if claim.claim == expected.claim
        for verdict in claim.verdicts
        for offence in verdict.offences
    }
    if not any(expected.offence in what for what in said):
        return Sight.WRONG_CHECK, f"{expected.claim} was refuted for: {_list(said)}"
    return Sight.CAUGHT, ""


def _of_healthy(refuted: set[str], judgement: Judgement) -> tuple[Sight, str]:
    if refuted:
        return Sight.FLAGGED, f"refuted: {_list(refuted)}"
    if judgement.outcome is not Outcome.VERIFIED:
        return Sight.UNCLEAR, _why_not(judgement, {claim.claim for claim in judgement.claims})
    return Sight.CLEAN, ""


def _why_not(judgement: Judgement, asked: set[str]) -> str:
    reasons = [
        f"{claim.claim}: {reason}"
        for claim in judgement.claims
        for verdict in claim.verdicts
        if claim.claim in asked and verdict.outcome is Outcome.INCONCLUSIVE
        for reason in verdict.reasons
    ]
    return reasons[0] if reasons else "nothing was tried"


def _list(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)) or "nothing"
