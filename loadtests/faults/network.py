"""The network between two components is cut, slow, far or lossy, in one direction or both.

Where it is permitted (root on Linux), each component lives in a network namespace of its own, see
`namespaces.py`; elsewhere, and for what this kernel cannot do there, TCP relays stand in between,
see `relay.py`. Loss of packets needs a kernel with netem; where that is missing the fault is
skipped, which is said, and the experiment is inconclusive.

The pipeline should survive all of it: what is unknown after a time-out is not called done, what
SQS did not confirm gets no 202, and what comes late after all is absorbed.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from loadtests.faults.namespaces import Namespaces, NamespacesError
from loadtests.faults.relay import CLEAR, Condition, Relay, Relays, Way
from loadtests.faults.timeline import FaultError, Injection
from loadtests.network import LOOPBACK, Client, Loopback, Network, Server
from loadtests.supervised import Rig
from scenarios.faults import LINKS, NetworkDelay, NetworkFault, Part, Partition, Slow


class BreakableNetwork(Network, Protocol):
    """A network that faults can break."""

    def rigs(self) -> Mapping[str, Rig]:
        """What components need to have prepared to be part of it."""
        ...

    def inject(self, fault: NetworkFault) -> Injection:
        """Raises FaultError when it cannot cause this fault."""
        ...

    def close(self) -> None:
        """Leave nothing of it behind."""
        ...


def network_for(faults: Sequence[NetworkFault]) -> BreakableNetwork:
    """What these faults need, as far as this machine permits it."""
    if not faults:
        return Unbroken()
    try:
        namespaces = Namespaces()
    except NamespacesError:
        return RelayNetwork(faults)
    if namespaces.has_netem or all(isinstance(fault, Partition) for fault in faults):
        return namespaces
    namespaces.close()
    return RelayNetwork(faults)


class Unbroken(Loopback):
    """Loopback, for scenarios that leave the network alone."""

    def rigs(self) -> Mapping[str, Rig]:
        return {}

    def inject(self, fault: NetworkFault) -> Injection:
        raise FaultError(f"nothing was prepared for {fault.label}")

    def close(self) -> None:
        pass


class RelayNetwork:
    """Loopback, with relays in the links that are to be broken."""

    binds_to = LOOPBACK

    def __init__(self, faults: Sequence[NetworkFault]) -> None:
        self._links = {link_of(fault) for fault in faults}
        self._relays = Relays()
        self._opened: dict[tuple[Part, Part], list[Relay]] = {}
        self._active: list[NetworkFault] = []

    def rigs(self) -> Mapping[str, Rig]:
        return {}

    def address(self, client: Client, server: Server, port: int) -> tuple[str, int]:
        if client == "harness" or (client, server) not in self._links:
            return LOOPBACK, port
        relay = self._relays.open(LOOPBACK, port)
        self._opened.setdefault((client, server), []).append(relay)
        return LOOPBACK, relay.port

    def inject(self, fault: NetworkFault) -> Injection:
        if not isinstance(fault, Partition | NetworkDelay | Slow):
            raise FaultError(
                "skipped: losing packets needs network namespaces and netem, "
                "which are not permitted or not there on this machine"
            )
        return _Hindered(self, fault)

    def close(self) -> None:
        self._relays.close()

    def begin(self, fault: NetworkFault) -> None:
        self._active.append(fault)
        self._apply(link_of(fault))

    def end(self, fault: NetworkFault) -> None:
        self._active.remove(fault)
        self._apply(link_of(fault))

    def hindered(self, fault: NetworkFault) -> int:
        """How often something was kept back on the ways that this fault concerns."""
        relays = self._opened.get(link_of(fault), [])
        return sum(relay.hindered(way) for relay in relays for way in ways_of(fault))

    def _apply(self, link: tuple[Part, Part]) -> None:
        for way in ("there", "back"):
            faults = [f for f in self._active if link_of(f) == link and way in ways_of(f)]
            for relay in self._opened.get(link, []):
                self._relays.set(relay, way, _condition(faults))


class _Hindered:
    def __init__(self, network: RelayNetwork, fault: NetworkFault) -> None:
        self._network = network
        self._fault = fault
        self._before = network.hindered(fault)
        network.begin(fault)

    def has_fired(self) -> bool:
        return self._network.hindered(self._fault) > self._before

    def heal(self) -> None:
        self._network.end(self._fault)

    def is_healed(self) -> bool:
        return True


def link_of(fault: NetworkFault) -> tuple[Part, Part]:
    """(client, server) of the link it breaks."""
    return fault.between if fault.between in LINKS else fault.between[::-1]


def ways_of(fault: NetworkFault) -> list[Way]:
    """Which ways of the link it breaks."""
    if fault.direction == "both":
        return ["there", "back"]
    is_towards_server = (fault.direction == "to") == (fault.between in LINKS)
    return ["there"] if is_towards_server else ["back"]


def _condition(faults: Sequence[NetworkFault]) -> Condition:
    """All of them at once."""
    rates = [fault.bytes_per_s for fault in faults if isinstance(fault, Slow)]
    return (
        Condition(
            is_cut=any(isinstance(fault, Partition) for fault in faults),
            delay_s=sum(fault.delay_s for fault in faults if isinstance(fault, NetworkDelay)),
            bytes_per_s=min(rates) if rates else None,
        )
        if faults
        else CLEAR
    )
