"""Components start, say where they listen, and end; none is left behind."""

import sys
import textwrap

import psutil
import pytest

from loadtests.processes import Component, ComponentError, Components


@pytest.fixture
def component(tmp_path, monkeypatch):
    """A component that runs the given program; ended with the test."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    made = Components()

    def make(program, name="part"):
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(program))
        return made.add(Component(name, [name], log=tmp_path / f"{name}.log"))

    with made:
        yield make


def ready(tmp_path):
    """Lines of a program that says it is ready once its signal handlers stand."""
    return f"open({str(tmp_path / 'port')!r}, 'w').write('1234\\n')"


SLEEP = "import time\ntime.sleep(60)\n"


def test_a_component_that_is_ready_says_its_port(component, tmp_path):
    part = component(f"{ready(tmp_path)}\n{SLEEP}")
    assert part.wait_for_port(tmp_path / "port") == 1234


def test_a_component_that_ends_first_is_named_with_its_exit_code(component, tmp_path):
    part = component("raise SystemExit(7)")
    with pytest.raises(ComponentError, match=r"part ended with exit code 7 .* see .*part\.log"):
        part.wait_for_port(tmp_path / "port")


def test_a_component_that_says_nothing_is_named(component, tmp_path):
    part = component(SLEEP)
    with pytest.raises(ComponentError, match=r"part was not ready after 0\.1 s"):
        part.wait_for_port(tmp_path / "port", timeout_s=0.1)


def test_a_clean_end_is_no_problem(component, tmp_path):
    handler = "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
    part = component(f"{handler}{ready(tmp_path)}\n{SLEEP}")
    part.wait_for_port(tmp_path / "port")
    assert part.stop() is None
    assert not psutil.pid_exists(part.pid)


def test_one_that_ignores_sigterm_is_killed_and_reported(component, tmp_path):
    handler = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    part = component(f"{handler}{ready(tmp_path)}\n{SLEEP}")
    part.wait_for_port(tmp_path / "port")
    assert "was killed" in part.stop(timeout_s=0.2)
    assert part.exit_code == -9


def test_one_that_had_died_is_reported(component):
    part = component("raise SystemExit(3)")
    part.wait(10)
    assert "had ended with exit code 3" in part.stop()


def test_leaving_the_block_ends_what_still_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "sleeper.py").write_text(SLEEP)
    components = Components()
    with components:
        part = components.add(Component("sleeper", ["sleeper"], log=tmp_path / "log"))
        assert part.exit_code is None
    assert part.exit_code is not None
    assert not components.running


def test_output_goes_to_the_log(component, tmp_path):
    component("print('hello')").wait(10)
    assert "hello" in (tmp_path / "part.log").read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_a_killed_parent_takes_its_components_along(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "sleeper.py").write_text(SLEEP)
    program = f"""
    import os, signal, time
    from pathlib import Path
    from loadtests.processes import Component
    child = Component("sleeper", ["sleeper"], log=Path({str(tmp_path / "child.log")!r}))
    Path({str(tmp_path / "port")!r}).write_text(str(child.pid))
    os.kill(os.getpid(), signal.SIGKILL)
    """
    (tmp_path / "parent.py").write_text(textwrap.dedent(program))
    parent = Component("parent", ["parent"], log=tmp_path / "parent.log")
    parent.wait(20)
    child = psutil.Process(int((tmp_path / "port").read_text()))
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
