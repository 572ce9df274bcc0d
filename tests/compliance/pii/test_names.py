"""Names are found in decoded text; log language that looks like names is not."""

import json

import pytest

from compliance.pii.model import ModelMissingError
from compliance.pii.names import NameFinder, Text, may_hold_name
from compliance.pii.shape import blank

FLAGGED = [
    ("could not deliver to Maria Gonzalez today", "PERSON", "Maria Gonzalez"),
    ("Failed to send mail for Jane Miller", "PERSON", "Jane Miller"),
    ("recipient lives in Springfield, IL 62704", "LOCATION", "Springfield"),
    ("could not deliver to Wisława Szczepańska after 5 attempts", "PERSON", "Wisława Szczepańska"),
    ("customer Ludwig van Beethoven asked", "PERSON", "Ludwig van Beethoven"),
    ("could not deliver to Gareth Day", "PERSON", "Gareth Day"),
    ("customer Giulia degli Esposti asked", "PERSON", "Giulia degli Esposti"),
    ("giving up on message to 石川 陽子 after 5 attempts", "PERSON", "石川 陽子"),
    ("email for Loreto Almeida <0> accepted", "PERSON", "Loreto Almeida"),
]
NEAR_MISSES = [
    "Uvicorn running on http://127.0.0.1:8080 (Press CTRL+C to quit)",
    "Application startup complete.",
    "Internal Server Error",
    "Connection Refused By Upstream",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0",
    "An error occurred (ThrottlingException) when calling the SendMessage operation",
    "Worker worker-464b0a6309 Lost Heartbeat",
    "org.apache.zookeeper.QuorumCnxManager$RecvWorker@765 Connection broken",
    "key=2025/10/20 cursor ROLLBACK TIME_TICK",
    "250 2.0.0 Ok: queued as 4B1F2A0C3D",
    "deployed to Frankfurt",
    "Universal Time is now: Sat May  3 22:16:11 UTC 2025.",
    "Switch to Spring Boot done by Apache Kafka",
    "Deploy of release 0 to Europe West finished",
    "License: Apache License Version 0",
    "Starting Cleanup of Temporary Directories",
    "from Visual Studio to Azure Pipelines",
    "Circuit Breaker opened for provider SendGrid",
    "Scheduler Shutdown Complete, next run Monday",
    "Dear Customer, your Order Confirmation",
]


def found(finder, text):
    return answered(finder, Text(blank(text), b""))


def answered(finder, asked):
    [entities] = finder.find([asked])
    return [(e.entity, e.value) for e in entities if e.confidence >= 0.5]


@pytest.mark.parametrize(("text", "entity", "value"), FLAGGED)
def test_names_are_found(finder, text, entity, value):
    assert may_hold_name(text)
    assert found(finder, text) == [(entity, value)]


@pytest.mark.parametrize("text", NEAR_MISSES)
def test_log_language_is_no_name(finder, text):
    assert found(finder, text) == []


def test_a_run_in_doubt_is_a_name_where_the_model_knows_it_in_its_line(finder):
    """No sentence of ours speaks for this name; the line as it was written does."""
    text = "giving up on message 0 to Georgios Eigenwillig after 5 attempts"
    line = (
        b'{"level":"warning","ts":1763979311.0,"caller":"mail/send.go:87","msg":"giving up on '
        b"message 45d92050-dd7b-9af9-7d04-c237ddb033a3 to Georgios Eigenwillig after 5 attempts"
        b'","trace_id":"44821c37f3b1cf51714c52d87dca1415"}'
    )
    assert answered(finder, Text(text, b"")) == []
    assert answered(finder, Text(text, line)) == [("PERSON", "Georgios Eigenwillig")]


@pytest.mark.parametrize(
    "write",
    [str, lambda text: json.dumps(text)[1:-1], lambda text: json.dumps(json.dumps(text))[3:-3]],
    ids=["as it is", "escaped", "escaped twice"],
)
def test_small_words_that_names_seldom_have_part_no_name(finder, write):
    name = "Jens auch Schlauchin"
    text = f"[type=string_too_long, input_value='{name}', input_type=str]"
    line = f"0.0 Customer: name String should have at most 20 characters {write(text)}".encode()
    assert ("PERSON", name) in answered(finder, Text(text, line))


def test_a_name_with_more_small_words_than_others_is_told_whole(finder):
    for name in (
        "Maria do Carmo da Silva dos Santos",
        "Anna Sofie van der Meer van den Berg",
    ):
        assert found(finder, f"could not deliver to {name} today") == [("PERSON", name)]


def test_a_run_in_doubt_stays_none_where_the_line_does_not_speak_for_it_either(finder):
    line = b'{"level":"info","event":"Silver Shore restarted","ts":1763979311.0}'
    assert answered(finder, Text("Silver Shore restarted", line)) == []


def test_a_model_that_is_not_installed_is_named_and_never_fetched():
    with pytest.raises(ModelMissingError, match="install one of en_core_web_none"):
        NameFinder("en_core_web_none")
