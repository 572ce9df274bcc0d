"""The checks, one claim a file.

Each module has CLAIM and `check(history) -> Verdict`. A check says refuted when it holds a
counter-example, verified when the evidence could have held one and does not, and inconclusive,
with reasons, otherwise. What every claim needs (evidence that hangs together, an honest generator,
faults that fired, a control run that passed) is added by `compliance.judge`. `logs` is apart: it
reads the logs of several experiments. So is `cost`: it reckons, and decides nothing.
"""

from collections.abc import Callable

from compliance.checks import (
    delivery,
    drain,
    false_ack,
    groups_apart,
    one_queue,
    order,
    provider_spared,
    quotas,
    single_send,
    soak,
)
from compliance.history import History
from compliance.verdict import Verdict

CHECKS: dict[str, Callable[[History], Verdict]] = {
    module.CLAIM: module.check
    for module in (
        delivery,
        false_ack,
        single_send,
        order,
        groups_apart,
        one_queue,
        drain,
        provider_spared,
        quotas,
        soak,
    )
}
