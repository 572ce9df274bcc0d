"""One measure on several servers, in turns, so that what disturbs the machine disturbs them all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import psutil

from benchmarks.figures import BenchError, Goal, Row
from benchmarks.http_load import Load
from benchmarks.sqs.servers import Server

CLIENT_SATURATED = 0.9  # of a core: from here on the client may have been the limit


@dataclass
class Measured:
    """All repeats of one measure on one server, or why there are none."""

    loads: list[Load] = field(default_factory=list)
    server_cpu_s: float = 0.0
    problem: str = ""

    def row(self, name: str, unit: str, *goals: Goal, note: str = "") -> Row:
        """The rates of the repeats, and who was busy meanwhile."""
        if self.problem or not self.loads:
            return missing(name, unit, self.problem or "no time was left", *goals)
        busy_s = sum(load.elapsed_s for load in self.loads)
        client = sum(load.client_cpu_s for load in self.loads) / busy_s
        units = sum(load.units for load in self.loads)
        notes = [
            f"CPU: client {client:.0%}, server {self.server_cpu_s / busy_s:.0%}",
            f"{units / self.server_cpu_s:,.0f} a server CPU second" if self.server_cpu_s else "",
            "the client was the bottleneck" if client > CLIENT_SATURATED else "",
            note,
        ]
        return Row(
            name=name,
            unit=unit,
            samples=tuple(load.per_s for load in self.loads),
            goals=goals,
            note="; ".join(filter(None, notes)),
        )


def missing(name: str, unit: str, why: str, *goals: Goal) -> Row:
    """A row that could not be measured."""
    return Row(name=name, unit=unit, goals=goals, note=f"not available: {why}")


Prepare = Callable[[int], Callable[[], Load]]


def in_turns(measures: Mapping[str, tuple[Server, Prepare]], repeats: int) -> dict[str, Measured]:
    """Run each measure once to warm up and then `repeats` times, one after the other.

    A measure is told its repeat's number, 0 for the warm-up; it prepares what it needs and returns
    the load that counts. One that breaks is left out from then on, and its row says so.
    """
    results = {name: Measured() for name in measures}
    for repeat in range(repeats + 1):
        for name, (server, prepare) in measures.items():
            measured = results[name]
            if measured.problem:
                continue
            try:
                work = prepare(repeat)
                began_cpu_s = server.cpu_s()
                load = work()
                cpu_s = server.cpu_s() - began_cpu_s
            except (BenchError, psutil.Error) as error:
                measured.problem = str(error)
                continue
            if not load.units:
                measured.problem = "no call was answered in time"
            elif repeat:
                measured.loads.append(load)
                measured.server_cpu_s += cpu_s
    return results
