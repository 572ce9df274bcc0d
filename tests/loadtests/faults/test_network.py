"""Which way of which link a fault breaks, and by what means on this machine."""

import subprocess
import time

import psutil
import pytest

from loadtests.faults import network as network_module
from loadtests.faults.namespaces import Namespaces, NamespacesError
from loadtests.faults.network import RelayNetwork, Unbroken, link_of, network_for, ways_of
from loadtests.faults.timeline import FaultError
from scenarios.faults import Loss, NetworkDelay, Partition


def partition(between=("worker", "sqs"), direction="both"):
    return Partition(
        label="cut", at="network", kind="partition", between=between, direction=direction
    )


LOSS = Loss(label="lossy", at="network", kind="loss", between=("api", "sqs"), probability=0.1)
DELAY = NetworkDelay(label="far", at="network", kind="delay", between=("api", "sqs"), delay_s=0.1)


@pytest.mark.parametrize(
    ("between", "direction", "ways"),
    [
        (("worker", "sqs"), "both", ["there", "back"]),
        (("worker", "sqs"), "to", ["there"]),
        (("worker", "sqs"), "from", ["back"]),
        (("sqs", "worker"), "to", ["back"]),
        (("sqs", "worker"), "from", ["there"]),
    ],
)
def test_directions_are_those_of_the_pair_as_it_is_written(between, direction, ways):
    fault = partition(between, direction)
    assert link_of(fault) == ("worker", "sqs")
    assert ways_of(fault) == ways


@pytest.fixture
def no_namespaces(monkeypatch):
    def refuse():
        raise NamespacesError("not permitted")

    monkeypatch.setattr(network_module, "Namespaces", refuse)


def test_only_links_that_are_to_be_broken_get_a_relay(no_namespaces):
    network = network_for([partition()])
    assert isinstance(network, RelayNetwork)
    assert network.address("worker", "sqs", 9) != ("127.0.0.1", 9)
    assert network.address("api", "sqs", 9) == ("127.0.0.1", 9)
    assert network.address("harness", "sqs", 9) == ("127.0.0.1", 9)
    network.close()


def test_lost_packets_are_skipped_where_they_cannot_be_lost(no_namespaces):
    network = network_for([LOSS])
    with pytest.raises(FaultError, match="skipped: losing packets needs"):
        network.inject(LOSS)
    network.close()


def test_a_scenario_that_leaves_the_network_alone_gets_loopback():
    network = network_for([])
    assert isinstance(network, Unbroken)
    assert network.address("worker", "sqs", 9) == ("127.0.0.1", 9)


def test_faults_of_one_link_add_up_and_end_apart(no_namespaces):
    network = network_for([partition(), DELAY])
    network.address("api", "sqs", 9)
    both = DELAY.model_copy(update={"label": "farther", "delay_s": 0.2})
    first, second = network.inject(DELAY), network.inject(both)
    assert [network_module._condition([DELAY, both]).delay_s] == [pytest.approx(0.3)]
    first.heal()
    second.heal()
    assert first.is_healed()
    network.close()


# What follows needs the right to make network namespaces.


@pytest.fixture
def namespaces():
    try:
        made = Namespaces()
    except NamespacesError as error:
        pytest.skip(f"{error}")
    yield made
    made.close()


def ping(network, place, address):
    """Whether one echo request is answered, as far as `place` can tell."""
    try:
        connect = (
            "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
            f"s.settimeout(0.3); s.connect(('{address}', 9)); s.send(b'x');"
            "s.recv(1)"
        )
        network.run(place, "python3", "-c", connect)
    except subprocess.CalledProcessError as error:
        # A refused port answers at once: the way there and back works.
        return "ConnectionRefusedError" in error.stderr
    return True


@pytest.mark.parametrize("direction", ["both", "to", "from"])
def test_a_cut_is_silent_concerns_one_link_and_heals(namespaces, direction):
    sqs = namespaces.address("worker", "sqs", 9)[0]
    other = namespaces.address("api", "sqs", 9)[0]
    assert ping(namespaces, "worker", sqs)
    cut = namespaces.inject(partition(direction=direction))
    assert not cut.has_fired()
    assert not ping(namespaces, "worker", sqs)
    assert cut.has_fired()
    assert ping(namespaces, "api", other)
    cut.heal()
    assert cut.is_healed()
    assert ping(namespaces, "worker", sqs)


def test_closing_leaves_no_process_and_no_device():
    try:
        network = Namespaces()
    except NamespacesError as error:
        pytest.skip(f"{error}")
    holders = [psutil.Process(holder.pid) for holder in network._holders.values()]
    device = network._ends["host", "api"][0].device
    assert device in psutil.net_if_addrs()
    network.close()
    assert not any(holder.is_running() for holder in holders)
    for _ in range(100):
        if device not in psutil.net_if_addrs():
            return
        time.sleep(0.05)
    pytest.fail(f"{device} is still there")


def test_without_the_tools_they_are_said_not_to_be_had(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NamespacesError, match="not to be had"):
        Namespaces()


def test_packets_are_lost_by_netem_where_the_kernel_has_it(namespaces):
    if not namespaces.has_netem:
        with pytest.raises(FaultError, match="skipped: this kernel has no netem"):
            namespaces.inject(LOSS)
        return
    lossy = namespaces.inject(LOSS.model_copy(update={"probability": 1.0}))
    assert not ping(namespaces, "api", namespaces.address("api", "sqs", 9)[0])
    assert lossy.has_fired()
    lossy.heal()
    assert ping(namespaces, "api", namespaces.address("api", "sqs", 9)[0])
