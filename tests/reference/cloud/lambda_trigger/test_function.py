"""Environments: real processes that start cold, are reused, time out, die and are replaced."""

import re
import threading
import time

import pytest

from reference.cloud.lambda_trigger import environment
from reference.cloud.lambda_trigger import function as function_module
from reference.cloud.lambda_trigger.function import NoEnvironmentError, ThrottledError

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"


def until(condition):
    deadline_s = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def test_the_first_invocation_is_cold_and_the_next_reuses_its_environment(make_function):
    function = make_function("functions:told")
    first, second = function.invoke("pid"), function.invoke("pid")
    assert (first.outcome, first.is_cold, second.is_cold) == ("ok", True, False)
    assert first.answer == second.answer
    assert first.environment == second.environment
    assert first.report.init_ms > 0
    assert second.report.init_ms is None
    # The init phase is billed, by the started millisecond.
    assert first.report.billed_ms >= first.report.init_ms + first.report.duration_ms
    assert second.report.billed_ms - 1 < second.report.duration_ms <= second.report.billed_ms
    assert second.report.memory_used_mb > 0


def test_a_stream_has_lambdas_name_and_lines(make_function):
    function = make_function("functions:done")
    for _ in range(2):
        function.invoke("a", "b")
    (path,) = function.folder.rglob("*.log")
    relative = str(path.relative_to(function.folder))
    assert re.fullmatch(r"f/\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}\.log", relative)
    report = (
        r"REPORT RequestId: (?P=id{0})\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\t"
        r"Memory Size: 256 MB\tMax Memory Used: \d+ MB\t{1}\n"
    )
    pattern = "".join(
        rf"START RequestId: (?P<id{n}>{UUID}) Version: \$LATEST\n"
        rf"handled 2 messages, \d+ ms\n"
        rf"END RequestId: (?P=id{n})\n" + report.format(n, init)
        for n, init in enumerate([r"Init Duration: [\d.]+ ms\t", ""])
    )
    assert re.fullmatch(pattern, path.read_text())


def test_the_context_and_the_variables_are_lambdas(make_function):
    function = make_function("functions:told")
    invocation = function.invoke("context")
    (stream,) = function.logs()
    answer = invocation.answer
    assert answer.pop("log_stream_name").endswith(stream)
    assert answer == {
        "function_name": "f",
        "function_version": "$LATEST",
        "invoked_function_arn": "arn:aws:lambda:us-east-1:000000000000:function:f",
        "memory_limit_in_mb": "256",
        "log_group_name": "/aws/lambda/f",
        "aws_request_id": invocation.report.request_id,
    }


def test_a_function_that_takes_too_long_is_killed_and_says_so_in_its_stream(make_function):
    function = make_function("functions:told", timeout_s=0.5)
    slow, next_one = function.invoke("sleep"), function.invoke("pid")
    assert (slow.outcome, slow.report.duration_ms) == ("timeout", 500)
    assert next_one.is_cold
    log = function.logs()[slow.environment]
    assert "going to sleep\n" in log
    assert f" {slow.report.request_id} Task timed out after 0.50 seconds\n" in log
    assert re.search(r"Duration: 500\.00 ms\t.*Status: timeout\t\n", log)
    assert function.rows.events("ended")[0]["reason"] == "timeout"


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("exit", "Error: Runtime exited with error: exit status 3"),
        ("leave", "Error: Runtime exited without providing a reason"),
        ("die", "Error: Runtime exited with error: signal: killed"),
    ],
)
def test_a_process_that_ends_fails_its_invocation_and_is_replaced(make_function, order, said):
    function = make_function("functions:told")
    dead = function.invoke(order)
    assert (dead.outcome, dead.fault) == ("exit", "Runtime.ExitError")
    assert function.logs()[dead.environment].endswith(
        f"RequestId: {dead.report.request_id} {said}\nRuntime.ExitError\n"
    )
    assert function.invoke("pid").is_cold


def test_an_environment_that_died_idling_is_not_used(make_function):
    function = make_function("functions:told")
    first = function.invoke("pid")
    (idle,) = function.function._idle
    idle.kill()
    assert function.invoke("pid").answer != first.answer
    assert function.rows.events("ended")[0]["reason"] == "exit"


@pytest.mark.parametrize(
    ("order", "kind", "said"),
    [
        ("raise", "ValueError", "[ERROR] ValueError: no such thing\nTraceback (most recent"),
        ("object", "Runtime.MarshalError", "[ERROR] Runtime.MarshalError: Unable to marshal"),
    ],
)
def test_what_a_handler_raises_fails_the_invocation_and_keeps_the_environment(
    make_function, order, kind, said
):
    function = make_function("functions:told")
    failed, next_one = function.invoke(order), function.invoke("pid")
    assert (failed.outcome, failed.fault) == ("error", kind)
    assert not next_one.is_cold
    assert said in function.logs()[failed.environment]


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        ("no_such_module:handler", "Runtime.ImportModuleError"),
        ("functions:no_such_function", "Runtime.HandlerNotFound"),
        ("functions_broken:handler", "RuntimeError"),
    ],
)
def test_a_handler_that_cannot_be_had_fails_each_invocation_in_one_clear_line(
    make_function, handler, kind
):
    function = make_function(handler)
    failed = function.invoke("a")
    assert (failed.outcome, failed.fault) == ("init-error", kind)
    log = function.logs()[failed.environment]
    assert f"[ERROR] {kind}: " in log
    assert re.search(
        rf"INIT_REPORT Init Duration: [\d.]+ ms\tPhase: init\tStatus: error\tError Type: {kind}",
        log,
    )


def test_an_init_phase_that_is_late_is_begun_again_in_the_invocation(make_function, monkeypatch):
    monkeypatch.setattr(function_module, "INIT_MAX_S", 0.3)
    function = make_function("functions_slow:handler", timeout_s=0.3)
    failed = function.invoke("a")
    assert (failed.outcome, failed.fault) == ("init-error", "the init phase timed out")
    assert len(function.rows.events("started")) == 2
    assert all("Phase: init\tStatus: timeout" in log for log in function.logs().values())


def test_time_without_a_core_does_not_count_as_init(make_function, monkeypatch):
    monkeypatch.setattr(function_module, "INIT_MAX_S", 0.2)
    monkeypatch.setattr(environment, "kept_waiting_s", lambda pid: 60.0)
    assert make_function("functions_late:done").invoke("a").outcome == "ok"


def test_beyond_its_concurrency_it_is_throttled(make_function):
    function = make_function("functions:told", concurrency_max=1, timeout_s=1)
    running = threading.Thread(target=function.invoke, args=("sleep",))
    running.start()
    until(lambda: function.function._busy)
    with pytest.raises(ThrottledError):
        function.invoke("pid")
    running.join()
    assert function.invoke("pid").outcome == "ok"


def test_without_room_for_an_environment_nothing_runs_and_the_reason_is_told(make_function):
    function = make_function("functions:told")
    (function.folder / "f").write_text("where its streams should be")
    with pytest.raises(NoEnvironmentError, match="Not a directory"):
        function.invoke("pid")
    (function.folder / "f").unlink()
    assert function.invoke("pid").outcome == "ok"


def test_environments_that_idle_are_retired(make_function):
    function = make_function("functions:told")
    function.invoke("pid")
    function.function.retire_idle(60)
    assert not function.invoke("pid").is_cold
    function.function.retire_idle(0)
    assert function.rows.events("ended")[0]["reason"] == "idle"
    assert function.invoke("pid").is_cold


def test_on_close_what_still_runs_is_killed(make_function):
    function = make_function("functions:told")
    ended = []
    running = threading.Thread(target=lambda: ended.append(function.invoke("sleep").outcome))
    running.start()
    until(lambda: any("going to sleep" in log for log in function.logs().values()))
    function.function.close()
    running.join(10)
    assert ended == ["exit"]
