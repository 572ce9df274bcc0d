"""What a plan breaks in the simulation: SQS and providers by their own fault code, processes by
ending and starting them, the network by its links, clocks by setting them.

Rows in the `faults` ledger are those of a live run. Kinds that need a disk or a log are not
simulated; the result names them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loadtests.sim.components import Component, ComponentClock
from loadtests.sim.ledgers import Ledgers, Row
from loadtests.sim.network import MESSAGE_BYTES, Link, Way
from loadtests.sim.scheduler import Process
from reference.cloud.mail_sink.faults import FaultPlan as ProviderPlan
from reference.cloud.mail_sink.faults import ProviderFaults
from reference.cloud.sqs.faults import FaultInjector
from reference.cloud.sqs.faults import FaultPlan as SqsPlan
from scenarios.faults import (
    LINKS,
    ClockFault,
    Fault,
    Loss,
    NetworkDelay,
    NetworkFault,
    Partition,
    ProcessFault,
    Slow,
)


@dataclass(frozen=True, kw_only=True)
class Breakable:
    """What can be broken."""

    components: dict[str, Component]
    clocks: dict[str, ComponentClock]
    links: dict[tuple[str, str], Link]
    sqs: FaultInjector
    providers: ProviderFaults


class FaultDriver:
    """Breaks what the plan says, when it says so, and heals it. It outlives all components."""

    def __init__(
        self, kernel: Process, ledgers: Ledgers, breakable: Breakable, *, seed: int, load_s: float
    ) -> None:
        """`load_s`: a fault without an end lasts as long as the load."""
        self._kernel = kernel
        self._ledgers = ledgers
        self._breakable = breakable
        self._seed = seed
        self._load_s = load_s
        self._heal: dict[str, Callable[[], None]] = {}  # by label, of the faults that last

    def inject(self, faults: Sequence[Fault]) -> None:
        """Set the plan; its times count from now."""
        plans = {
            at: {
                "seed": self._seed,
                "faults": [
                    fault.model_dump(exclude={"at"}, exclude_none=True)
                    for fault in faults
                    if fault.at == at
                ],
            }
            for at in ("sqs", "provider")
        }
        self._breakable.sqs.set_plan(SqsPlan.model_validate(plans["sqs"]))
        self._breakable.providers.set_plan(ProviderPlan.model_validate(plans["provider"]))
        self._settle()
        for fault in faults:
            self._settle_at_edges(fault)
            if isinstance(fault, ProcessFault | ClockFault) or fault.at == "network":
                self._arm(fault)

    def heal(self) -> None:
        """End every fault now."""
        self._breakable.sqs.set_plan(SqsPlan())
        self._breakable.providers.set_plan(ProviderPlan())
        for label in list(self._heal):
            self._heal.pop(label)()

    def _settle_at_edges(self, fault: Fault) -> None:
        """Open and close the windows of SQS's and the providers' faults, met or not."""
        for edge_s in (fault.start_s, getattr(fault, "end_s", None)):
            if edge_s is not None:
                self._kernel.call_later(edge_s, self._settle)

    def _settle(self) -> None:
        self._breakable.sqs.settle()
        self._breakable.providers.settle()

    def _arm(self, fault: ProcessFault | ClockFault | NetworkFault) -> None:
        if fault.after is None:
            self._kernel.call_later(fault.start_s, self._begin, fault)
            return
        trigger = fault.after
        left = trigger.count

        def count(row: Row) -> None:
            nonlocal left
            if trigger.ledger == "sink" or row["event"] == trigger.event:
                left -= 1
                if left == 0:
                    self._kernel.call_later(fault.start_s, self._begin, fault)

        self._ledgers.watch(trigger.ledger, count)

    def _begin(self, fault: ProcessFault | ClockFault | NetworkFault) -> None:
        self._write("start", fault)
        match fault:
            case ProcessFault():
                lasts_s = fault.down_s
                heal = self._break_process(fault)
            case ClockFault():
                lasts_s = self._lasts_s(fault)
                heal = self._step_clock(fault)
            case _:
                lasts_s = self._lasts_s(fault)
                heal = self._break_link(fault)

        def end() -> None:
            heal()
            self._write("end", fault)

        self._heal[fault.label] = end
        self._kernel.call_later(lasts_s, self._end, fault.label)

    def _end(self, label: str) -> None:
        heal = self._heal.pop(label, None)
        if heal is not None:
            heal()

    def _lasts_s(self, fault: ClockFault | NetworkFault) -> float:
        return (self._load_s if fault.end_s is None else fault.end_s) - fault.start_s

    def _break_process(self, fault: ProcessFault) -> Callable[[], None]:
        component = self._breakable.components[fault.component]
        self._write("fired", fault)
        match fault.kind:
            case "pause":
                component.pause()
                return component.resume
            case "kill":
                component.kill()
            case "restart":
                component.stop()
        return component.start

    def _step_clock(self, fault: ClockFault) -> Callable[[], None]:
        clock = self._breakable.clocks[fault.component]
        clock.step_s = fault.step_s
        self._write("fired", fault)

        def set_right() -> None:
            clock.step_s = 0.0

        return set_right

    def _break_link(self, fault: NetworkFault) -> Callable[[], None]:
        link, ways = self._link(fault)

        def fired(way: Way) -> None:
            if way in ways:
                link.on_use.remove(fired)
                self._write("fired", fault)

        link.on_use.append(fired)
        for way in ways:
            _change(link, way, fault, 1)

        def heal() -> None:
            if fired in link.on_use:
                link.on_use.remove(fired)
            for way in ways:
                _change(link, way, fault, -1)

        return heal

    def _link(self, fault: NetworkFault) -> tuple[Link, list[Way]]:
        is_forward = fault.between in LINKS
        client, server = fault.between if is_forward else fault.between[::-1]
        link = self._breakable.links[client, server]
        if fault.direction == "both":
            return link, ["to", "from"]
        return link, ["to" if (fault.direction == "to") == is_forward else "from"]

    def _write(self, event: str, fault: ProcessFault | ClockFault | NetworkFault) -> None:
        place = "-".join(fault.between) if fault.at == "network" else fault.component
        row = {"event": event, "fault": fault.label, "kind": fault.kind, "action": place}
        self._ledgers.write("faults", {"at_s": self._kernel.clock.now_s(), **row})


def _change(link: Link, way: Way, fault: NetworkFault, sign: int) -> None:
    """Add one fault's effect on a way, or take it back."""
    match fault:
        case Partition():
            link.blocked[way] += sign
        case NetworkDelay():
            link.delay_s[way] += sign * fault.delay_s
        case Loss():
            link.loss[way] += sign * fault.probability
        case Slow():
            link.delay_s[way] += sign * MESSAGE_BYTES / fault.bytes_per_s
    changes = (link.blocked, link.delay_s, link.loss)
    # Sums of fractions may not come back to nothing by a hair.
    link.is_calm = all(abs(value) < 1e-9 for each in changes for value in each.values())
