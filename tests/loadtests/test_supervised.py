"""A component comes back where its clients expect it."""

import socket
import textwrap

import pytest

from loadtests.processes import ComponentError, Components
from loadtests.supervised import Listens, Rig, Supervised

SERVER = """
import os, pathlib, signal, socket, sys, threading
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # waited for, so that none is missed
told = dict(zip(sys.argv[1::2], sys.argv[2::2], strict=True)) | dict(os.environ)
server = socket.create_server(("127.0.0.1", int(told["--port"])))
draft = pathlib.Path(told["--port-file"] + ".draft")
draft.write_text(str(server.getsockname()[1]))
draft.rename(told["--port-file"])
print("greeting", os.environ.get("GREETING"), flush=True)

def serve():
    while True:
        server.accept()

threading.Thread(target=serve, daemon=True).start()
signal.sigwait([signal.SIGTERM])
os._exit(0)
"""


@pytest.fixture
def supervised(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "logs").mkdir()
    with Components() as components:

        def make(program=SERVER, **options):
            (tmp_path / "part.py").write_text(textwrap.dedent(program))
            options = {"listens": [Listens(0)], "env": {}, **options}
            return components, Supervised(components, "part", ["part"], folder=tmp_path, **options)

        yield make


@pytest.mark.parametrize("by_environment", [False, True])
def test_it_comes_back_on_the_same_port_in_the_same_place(supervised, by_environment):
    components, part = supervised(listens=[Listens(0, by_environment=by_environment)])
    part.start()
    part.wait_until_ready()
    first, (port,) = part.process, list(part.ports)
    assert port > 0
    first.kill()
    part.start()
    part.wait_until_ready()
    assert part.ports == [port]
    assert part.process.pid != first.pid
    socket.create_connection(("127.0.0.1", port)).close()
    assert components.running == [part.process]
    assert components.stop() == []


def test_a_rig_reaches_the_component_in_every_life(supervised, tmp_path):
    log = tmp_path / "elsewhere.log"
    _, part = supervised(rig=Rig(env={"GREETING": "hello"}, prefix=("env",), log=log))
    for _ in range(2):
        part.start()
        part.wait_until_ready()
        part.process.kill()
    assert log.read_text() == "greeting hello\n" * 2


def test_an_intended_death_is_no_problem_and_another_one_is(supervised):
    components, part = supervised()
    part.start()
    part.wait_until_ready()
    part.process.kill()
    assert components.dead() == []
    part.start()
    part.wait_until_ready()
    part.process._process.kill()  # as if by somebody else
    part.process.wait(5)
    assert components.dead() == [part.process]
    assert "had ended with exit code -9" in components.stop()[0]


def test_one_that_is_paused_can_be_stopped(supervised):
    components, part = supervised()
    part.start()
    part.wait_until_ready()
    part.process.pause()
    assert components.stop() == []


def test_one_that_does_not_start_is_named(supervised):
    _, part = supervised("raise SystemExit(3)")
    part.start()
    with pytest.raises(ComponentError, match="part ended with exit code 3 before it was ready"):
        part.wait_until_ready()
