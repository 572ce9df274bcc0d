"""What a check answers: verified, refuted, inconclusive or not claimed, and on what evidence."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

OFFENCES_KEPT = 20


class Outcome(StrEnum):
    """An experiment that cannot tell does not pass: `inconclusive` is not `verified`.

    What a configuration does not promise is measured without being judged: `not claimed`.
    """

    VERIFIED = "verified"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    NOT_CLAIMED = "not claimed"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Step(_Frozen):
    """One thing that happened to an email, as one ledger tells it."""

    at_s: float  # since the experiment's origin
    after_s: float | None  # since the email's first invoke; negative before it
    ledger: str
    what: str


class ActiveFault(_Frozen):
    """A fault that was on while the email was under way."""

    label: str
    kind: str
    where: str  # the action, component or provider that it broke
    start_s: float | None  # since the origin; null: nobody saw it begin
    end_s: float | None
    named_it: int  # how often it fired on this very email


class Card(_Frozen):
    """A counter-example: all that the ledgers know of one email, and how to see it again."""

    experiment: str
    keys: list[str]  # idempotency keys; more than one where emails were mistaken for each other
    email_ids: list[str]
    message_ids: list[str]
    group: str | None
    seed: int
    steps: list[Step]
    steps_left_out: int = 0  # from the middle
    faults: list[ActiveFault] = Field(default_factory=list)
    replay: str


class Offence(_Frozen):
    """One counter-example. `id` names an email, a call or a log place; never personal data."""

    id: str
    what: str
    at_s: float | None = None  # on the experiment's own time: seconds since its origin
    card: Card | None = None  # of an email that the ledgers know


class Verdict(_Frozen):
    """One claim, judged on one experiment."""

    claim: str
    experiment: str
    outcome: Outcome
    summary: str  # one line, with the figures that decided
    figures: dict[str, float | int | str] = Field(default_factory=dict)
    offences: list[Offence] = Field(default_factory=list)  # the first OFFENCES_KEPT
    offence_count: int = 0
    reasons: list[str] = Field(default_factory=list)  # why it is inconclusive
    replay: str = ""  # the command that tries it again


class ClaimVerdict(_Frozen):
    """One claim over all experiments that tried it: the worst of its verdicts."""

    claim: str
    text: str  # the claim in words
    outcome: Outcome | None  # None: no experiment of this run tries it
    summary: str
    see: list[str] = Field(default_factory=list)  # commands that show evidence beside scenarios
    verdicts: list[Verdict] = Field(default_factory=list)


class Judgement(_Frozen):
    """All that was decided about a run; the content of verdicts.json."""

    run: str
    claims: list[ClaimVerdict]

    @property
    def outcome(self) -> Outcome:
        """Refuted if any claim is; else inconclusive if any is, or none was tried."""
        undecided = (None, Outcome.NOT_CLAIMED)
        return worst([each.outcome for each in self.claims if each.outcome not in undecided])


def decide(offence_count: int, reasons: list[str]) -> Outcome:
    """A counter-example refutes; without one, any doubt makes it inconclusive."""
    if offence_count:
        return Outcome.REFUTED
    return Outcome.INCONCLUSIVE if reasons else Outcome.VERIFIED


def worst(outcomes: list[Outcome]) -> Outcome:
    """Of none at all, nothing is known: inconclusive. What is not claimed never decides."""
    for outcome in (Outcome.REFUTED, Outcome.INCONCLUSIVE, Outcome.VERIFIED, Outcome.NOT_CLAIMED):
        if outcome in outcomes:
            return outcome
    return Outcome.INCONCLUSIVE
