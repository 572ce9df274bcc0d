"""Lines are taken apart into leaves with paths; hostile ones too."""

import orjson
import pytest

from compliance.pii.record import parse


def leaves(line):
    return [(leaf.path, leaf.text) for leaf in parse(line).leaves]


def test_json_leaves_come_in_order_with_paths_and_decoded_text():
    line = b'{"event":"a","to":["x","y"],"n":{"deep":"Wis\\u0142awa"},"id":7,"ok":true,"no":null}'
    assert leaves(line) == [
        ("$.event", "a"),
        ("$.to[*]", "x"),
        ("$.to[*]", "y"),
        ("$.n.deep", "Wisława"),
        ("$.id", "7"),
    ]


def test_text_is_one_leaf_and_a_prefix_before_json_another():
    assert leaves(b"plain {text}") == [("", "plain {text}")]
    assert leaves(b'api-1 | {"a":"b"}') == [("", "api-1 | "), ("$.a", "b")]


def test_a_key_that_is_data_is_a_leaf_and_not_shown_in_a_path():
    assert leaves(b'{"jane@example.com":{"n":"x"}}') == [
        ("$.*", "jane@example.com"),
        ("$.*.n", "x"),
    ]


@pytest.mark.parametrize(
    "line", [b'{"a":' * 5000 + b"1" + b"}" * 5000, b"{" * 5000 + b"}", b'{"a":"\xff"', b"{}", b""]
)
def test_hostile_json_is_read_as_text_or_leaves_without_an_error(line):
    assert len(parse(line).leaves) <= 1


def test_deep_json_within_the_parser_limit_is_walked():
    line = b'{"a":' * 1000 + b'"x"' + b"}" * 1000
    assert [leaf.text for leaf in parse(line).leaves] == ["x"]


def test_invalid_utf8_inside_json_does_not_lose_the_structure():
    assert leaves(b'{"a":"x\xffy"}') == [("$.a", "x\ufffdy")]


def test_logger_and_message_id_are_taken_only_when_they_look_like_one():
    record = parse(b'{"logger":"app.worker","email_id":"0190b2c4-aaaa-7bbb-8ccc-0123456789ab"}')
    assert (record.logger, record.message_id) == (
        "app.worker",
        "0190b2c4-aaaa-7bbb-8ccc-0123456789ab",
    )
    record = parse(b'{"logger":"Jane Doe","email_id":"jane@example.com","message_id":"2125550142"}')
    assert (record.logger, record.message_id) == (None, None)


def test_json_inside_a_string_is_taken_apart_under_the_path_of_the_string():
    assert leaves(b'{"log":"{\\"to\\":\\"Jane Doe\\",\\"n\\":[1]}\\n","stream":"stdout"}') == [
        ("$.log.to", "Jane Doe"),
        ("$.log.n[*]", "1"),
        ("$.stream", "stdout"),
    ]


def test_a_string_that_only_looks_like_json_stays_one_leaf():
    assert leaves(b'{"log":"{not json}"}') == [("$.log", "{not json}")]


def test_json_in_json_is_taken_apart_to_a_bounded_depth():
    text = "x"
    for _ in range(8):
        text = orjson.dumps({"a": text}).decode()
    [(path, inner)] = leaves(text.encode())
    assert path == "$.a.a.a.a.a"
    assert orjson.loads(inner)


def test_escapes_are_decoded_in_text_too():
    assert leaves(b"name=Wis\\u0142awa \\ud83d\\ude00") == [("", "name=Wis\u0142awa \U0001f600")]
