"""Each component in a network namespace of its own, with a cable for each link.

    host ===veth=== api ===veth=== sqs ===veth=== worker ===veth=== sink        (and host to each)

Every link is a pair of virtual Ethernet devices with a /30 of 198.18.0.0/15, the range set aside
for benchmarks (RFC 2544), so that each can be broken alone and each way alone:

partition  the neighbour's hardware address is replaced by one that nobody has: frames leave and
           arrive nowhere, silently, as behind a dead switch. (A blackhole route of the sender's own
           would tell it: Linux then fails its calls with EINVAL.)
others     `tc netem` on the sending device, where the kernel has it

The namespaces have no names: each lives as long as the process that holds it, and takes its devices
along, so that even a killed run leaves nothing behind.
"""

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from loadtests.faults.timeline import FaultError, Injection
from loadtests.network import Client, Server
from loadtests.processes import end_with_parent
from loadtests.supervised import Rig
from scenarios.faults import LINKS, Loss, NetworkDelay, NetworkFault, Partition, Slow

COMMAND_TIMEOUT_S = 10.0
HOLDER_START_S = 2.0
# Sockets of a dead component hold its namespace while they try to deliver their last bytes.
ORPHAN_RETRIES = 2
NOBODY = "02:00:00:00:00:01"  # a locally administered hardware address that no device here has
HOST = "host"
INSIDE = ("api", "worker", "sqs", "sink")
# The harness asks SQS and sink how they are; its senders reach the API from the same place.
CABLES = (
    *((HOST if client == "senders" else client, server) for client, server in LINKS),
    (HOST, "sqs"),
    (HOST, "sink"),
)


class NamespacesError(Exception):
    """This machine does not permit them, or lacks what they need."""


class _End:
    """One end of a cable."""

    def __init__(self, place: str, device: str, address: str) -> None:
        self.place = place
        self.device = device
        self.address = address


class Namespaces:
    """The network of one run. Close it."""

    binds_to = "0.0.0.0"  # noqa: S104 - in a namespace that only its own links lead to

    def __init__(self) -> None:
        """Raises NamespacesError."""
        self._holders: dict[str, subprocess.Popen[bytes]] = {}
        self._ends: dict[tuple[str, str], tuple[_End, _End]] = {}
        try:
            for place in INSIDE:
                self._holders[place] = _hold_namespace()
            for place in INSIDE:
                self._wait_for(place)
                self.run(place, "ip", "link", "set", "lo", "up")
                self.run(place, "sysctl", "-qw", f"net.ipv4.tcp_orphan_retries={ORPHAN_RETRIES}")
            self._lay_cables()
            self.has_netem = self._try_netem()
        except (OSError, subprocess.SubprocessError) as error:
            self.close()
            reason = getattr(error, "stderr", None) or str(error)
            raise NamespacesError(f"network namespaces are not to be had: {reason}") from error

    def rigs(self) -> Mapping[str, Rig]:
        return {place: Rig(prefix=self._enter(place)) for place in INSIDE}

    def address(self, client: Client, server: Server, port: int) -> tuple[str, int]:
        place = HOST if client in {"senders", "harness"} else client
        return self._ends[place, server][1].address, port

    def inject(self, fault: NetworkFault) -> Injection:
        one, other = (HOST if part == "senders" else part for part in fault.between)
        ends = self._ends.get((one, other)) or self._ends[other, one][::-1]
        here, there = ends
        broken = {"both": [(here, there), (there, here)], "to": [(here, there)]}.get(
            fault.direction, [(there, here)]
        )
        if isinstance(fault, Partition):
            return _Cut(self, broken)
        if not self.has_netem:
            raise FaultError("skipped: this kernel has no netem")
        return _Hindered(self, [sender for sender, _ in broken], _netem(fault))

    def close(self) -> None:
        """Pull the cables and end the holders; the kernel removes the rest with them."""
        for ends in self._ends.values():
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                self.run(ends[0].place, "ip", "link", "del", ends[0].device)
        for holder in self._holders.values():
            holder.kill()
        for holder in self._holders.values():
            holder.wait()

    def run(self, place: str, *command: str) -> str:
        """Run a command in a namespace. Raises subprocess.SubprocessError or OSError."""
        return subprocess.run(
            [*self._enter(place), *command],
            check=True,
            capture_output=True,
            text=True,
            timeout=COMMAND_TIMEOUT_S,
        ).stdout

    def sent_packets(self, end: _End) -> int:
        """How many packets have left at this end of a cable."""
        owner = "self" if end.place == HOST else str(self._holders[end.place].pid)
        for line in Path(f"/proc/{owner}/net/dev").read_text().splitlines():
            device, _, counters = line.partition(":")
            if device.strip() == end.device:
                return int(counters.split()[9])
        raise FaultError(f"{end.place} has lost its device {end.device}")

    def _enter(self, place: str) -> list[str]:
        if place == HOST:
            return []
        return ["nsenter", f"--net=/proc/{self._holders[place].pid}/ns/net"]

    def _wait_for(self, place: str) -> None:
        """Wait until the holder has its own namespace. Raises OSError."""
        holder = self._holders[place]
        ours = Path("/proc/self/ns/net").readlink()
        deadline_s = time.monotonic() + HOLDER_START_S
        while time.monotonic() < deadline_s and holder.poll() is None:
            if Path(f"/proc/{holder.pid}/ns/net").readlink() != ours:
                return
            time.sleep(0.005)
        raise OSError("unshare --net is not permitted")

    def _lay_cables(self) -> None:
        subnets = _free_subnets(self.run(HOST, "ip", "-4", "-o", "address"))
        for number, ((client, server), subnet) in enumerate(zip(CABLES, subnets, strict=False)):
            ends = (
                _End(client, f"qp{os.getpid()}c{number}", f"198.18.{subnet}.1"),
                _End(server, f"qp{os.getpid()}s{number}", f"198.18.{subnet}.2"),
            )
            self.run(
                HOST,
                "ip",
                "link",
                "add",
                ends[0].device,
                *self._in(client),
                "type",
                "veth",
                "peer",
                "name",
                ends[1].device,
                *self._in(server),
            )
            for end in ends:
                self.run(end.place, "ip", "address", "add", f"{end.address}/30", "dev", end.device)
                self.run(end.place, "ip", "link", "set", end.device, "up")
            self._ends[client, server] = ends

    def _in(self, place: str) -> list[str]:
        return [] if place == HOST else ["netns", str(self._holders[place].pid)]

    def _try_netem(self) -> bool:
        with contextlib.suppress(subprocess.CalledProcessError, FileNotFoundError):
            self.run("sink", "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms")
            self.run("sink", "tc", "qdisc", "del", "dev", "lo", "root")
            return True
        return False


class _Cut:
    def __init__(self, network: Namespaces, broken: list[tuple[_End, _End]]) -> None:
        self._network = network
        self._broken = broken
        for sender, receiver in broken:
            _try(
                network,
                sender,
                "ip",
                "neigh",
                "replace",
                receiver.address,
                "lladdr",
                NOBODY,
                "nud",
                "permanent",
                "dev",
                sender.device,
            )
        self._before = self._sent()

    def has_fired(self) -> bool:
        return self._sent() > self._before

    def heal(self) -> None:
        for sender, receiver in self._broken:
            _try(
                self._network, sender, "ip", "neigh", "del", receiver.address, "dev", sender.device
            )

    def is_healed(self) -> bool:
        return True

    def _sent(self) -> int:
        """Whatever left since the cut arrived nowhere."""
        return sum(self._network.sent_packets(sender) for sender, _ in self._broken)


class _Hindered:
    def __init__(self, network: Namespaces, senders: list[_End], netem: list[str]) -> None:
        self._network = network
        self._senders = senders
        self._loses = "loss" in netem
        for sender in senders:
            _try(
                network,
                sender,
                "tc",
                "qdisc",
                "replace",
                "dev",
                sender.device,
                "root",
                "netem",
                *netem,
            )

    def has_fired(self) -> bool:
        return any(self._hindered(sender) for sender in self._senders)

    def heal(self) -> None:
        for sender in self._senders:
            _try(self._network, sender, "tc", "qdisc", "del", "dev", sender.device, "root")

    def is_healed(self) -> bool:
        return True

    def _hindered(self, sender: _End) -> int:
        shown = _try(self._network, sender, "tc", "-s", "-j", "qdisc", "show", "dev", sender.device)
        return int(json.loads(shown)[0]["drops" if self._loses else "packets"])


def _netem(fault: NetworkFault) -> list[str]:
    """The options of `tc qdisc ... netem` that cause it."""
    if isinstance(fault, NetworkDelay):
        return ["delay", f"{fault.delay_s * 1000:g}ms"]
    if isinstance(fault, Loss):
        return ["loss", f"{fault.probability * 100:g}%"]
    assert isinstance(fault, Slow)
    return ["rate", f"{fault.bytes_per_s * 8}bit"]


def _try(network: Namespaces, end: _End, *command: str) -> str:
    try:
        return network.run(end.place, *command)
    except (OSError, subprocess.SubprocessError) as error:
        reason = getattr(error, "stderr", None) or str(error)
        raise FaultError(f"{' '.join(command[:3])} in {end.place}: {reason.strip()}") from error


def _hold_namespace() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["unshare", "--net", "sleep", "infinity"],  # noqa: S607 - as found on PATH
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
    )


def _free_subnets(addresses: str) -> list[int]:
    """Third numbers of 198.18.x.0/30 that no device of this machine has, in random order."""
    free = [n for n in range(256) if f" 198.18.{n}." not in addresses]
    return random.SystemRandom().sample(free, min(len(free), len(CABLES)))
