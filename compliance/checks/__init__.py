"""The checks, one claim a file.

Each module has CLAIM and `check(history) -> Verdict`. A check says refuted when it holds a
counter-example, verified when the evidence could have held one and does not, and inconclusive,
with reasons, otherwise. What holds for every claim (an honest generator, faults that fired, a
control run that passed) is added by `compliance.judge`.
"""

from collections.abc import Callable
from typing import Protocol

from compliance.checks import delivery, false_ack, order, quotas, single_send
from compliance.history import History
from compliance.verdict import Verdict


class Check(Protocol):
    """A module of this package."""

    CLAIM: str
    check: Callable[[History], Verdict]


CHECKS: dict[str, Callable[[History], Verdict]] = {
    module.CLAIM: module.check for module in (delivery, false_ack, single_send, order, quotas)
}
