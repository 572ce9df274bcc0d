"""What may go wrong at a provider, on demand; journalled like the faults of the local SQS.

What a caller should survive: `throttle` (not now), `unavailable` (not now, nothing works),
`reject` (never), `slow` (accepted, and said so later than the caller waits), `lose-answer`
(accepted, and nobody knows), `outage` (nobody answers). Only `slow` and `lose-answer` deliver.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from reference.clock import Clock
from reference.cloud.fault_plan import PlannedFault
from reference.cloud.fault_schedule import FaultSchedule
from reference.journal import Journal

Provider = Literal["smtp", "ses", "sendgrid", "mailgun"]
PROVIDERS: tuple[str, ...] = get_args(Provider)


class _Fault(PlannedFault):
    provider: Provider | None = None  # none: every one


class Slow(_Fault):
    """Accept the email at once, and say so `delay_s` later."""

    kind: Literal["slow"] = "slow"
    delay_s: float = Field(gt=0, le=3600)


class Failing(_Fault):
    """See above; lose-answer and outage abort the connection."""

    kind: Literal["throttle", "unavailable", "reject", "lose-answer", "outage"]


Refusal = Literal["throttle", "unavailable", "reject"]
REFUSALS: tuple[str, ...] = get_args(Refusal)
Fault = Annotated[Slow | Failing, Field(discriminator="kind")]


class FaultPlan(BaseModel):
    """Faults in the order in which they are asked; the first that fires wins."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int | None = None  # none: the sink's
    faults: tuple[Fault, ...] = ()


class ProviderFaults:
    """The plan in force.

    Rows: at_s, event (start, fired, end), fault, kind, action (the provider), stored (whether the
    email was accepted all the same), dedup_ids (its id, when it was known by then).
    """

    def __init__(self, clock: Clock, journal: Journal, *, seed: int) -> None:
        """`seed` is for plans that bring none."""
        self._clock = clock
        self._journal = journal
        self._seed = seed
        self._plan = FaultPlan()
        self._fired: Counter[str] = Counter()
        self._schedule: FaultSchedule[Fault] = FaultSchedule(clock, self._journal_window)

    def set_plan(self, plan: FaultPlan) -> None:
        """Replace the plan; its seconds count from now."""
        self._plan = plan
        self._fired.clear()
        self._schedule.replace(plan.faults, self._seed if plan.seed is None else plan.seed)

    def add(self, faults: Sequence[Fault]) -> None:
        """Ask these after those in force. Raises FaultPlanError when a label is in use."""
        self._schedule.add(faults)
        self._plan = self._plan.model_copy(update={"faults": (*self._plan.faults, *faults)})

    def end(self, label: str) -> bool:
        """End one fault now; its count stays. False when no fault has this label."""
        return self._schedule.end(label)

    def shown(self) -> dict[str, object]:
        """The plan, and how often each of its faults fired."""
        fired = {fault.label: self._fired[fault.label] for fault in self._plan.faults}
        return {**self._plan.model_dump(mode="json"), "fired": fired}

    def settle(self) -> None:
        """Open and close windows as time has passed."""
        self._schedule.settle()

    def decide(self, provider: str) -> Fault | None:
        """What an email to this provider meets. The caller journals it with `fired`."""
        armed = self._schedule.decide(lambda fault: fault.provider in {None, provider})
        return None if armed is None else armed.fault

    def fired(self, fault: Fault, provider: str, *, stored: bool, ids: Sequence[str]) -> None:
        """The fault met an email, accepted all the same or not."""
        self._fired[fault.label] += 1
        at_s = self._clock.now_s()
        self._write(fault, event="fired", at_s=at_s, action=provider, stored=stored, ids=ids)

    def _journal_window(self, event: str, fault: Fault, at_s: float) -> None:
        self._write(fault, event=event, at_s=at_s, action=fault.provider)

    def _write(
        self,
        fault: Fault,
        *,
        event: str,
        at_s: float,
        action: str | None,
        stored: bool | None = None,
        ids: Sequence[str] | None = None,
    ) -> None:
        self._journal.write(
            at_s=at_s,
            event=event,
            fault=fault.label,
            kind=fault.kind,
            action=action,
            stored=stored,
            dedup_ids=ids,
        )
