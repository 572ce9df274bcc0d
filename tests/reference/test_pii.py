"""Pii: whatever is done with it, the text stays in until somebody says reveal."""

import copy
import dataclasses
import json
import logging
import pickle
import pprint
import reprlib
import string
import traceback
from typing import Annotated

import orjson
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from reference.pii import MASK, REVEAL, Pii, PiiText

SECRET = "bob@example.com"


class Person(BaseModel):
    address: Pii | None = None
    model_config = {"arbitrary_types_allowed": True}


class Letter(BaseModel):
    subject: Annotated[Pii, PiiText(str.strip, min_length=2, max_length=20)]
    model_config = {"hide_input_in_errors": True}


@dataclasses.dataclass
class Record:
    address: Pii


def of_percent_log(value):
    return logging.LogRecord("n", 20, "f", 1, "to %s %r", (value, value), None).getMessage()


def of_traceback(value):
    try:
        raise ValueError(value)
    except ValueError as error:
        captured = traceback.TracebackException.from_exception(error, capture_locals=True)
        return "".join(captured.format())


def of_structlog(value):
    renderer = structlog.processors.JSONRenderer(serializer=orjson.dumps)
    return renderer(None, "info", {"to": value, "all": [value], "record": Record(value)}).decode()


RENDERINGS = [
    repr,
    str,
    ascii,
    "{}".format,
    "{0!r:>40}".format,
    lambda value: f"{value}",
    lambda value: f"{value!s:>50}",
    lambda value: f"{value:40}",
    lambda value: f"{value=}",
    lambda value: "%s %r %a %30s" % (value, value, value, value),  # noqa: UP031 - one way of many
    lambda value: string.Template("$to").substitute(to=value),
    lambda value: json.dumps(value, default=str),
    lambda value: json.dumps({"a": [value]}, default=repr),
    lambda value: orjson.dumps([value], default=str).decode(),
    lambda value: orjson.dumps(Record(value), default=repr).decode(),
    lambda value: pprint.pformat({"to": value}),
    reprlib.repr,
    lambda value: repr([value, {value: value}, Record(value), dataclasses.asdict(Record(value))]),
    lambda value: repr(Person.model_construct(address=value)),
    lambda value: str(Person.model_construct(address=value)),
    lambda value: repr(ValueError(value)) + str(KeyError(value)),
    of_percent_log,
    of_traceback,
    of_structlog,
    lambda value: repr(copy.copy(value)) + repr(copy.deepcopy([value])),
]


@pytest.mark.parametrize("render", RENDERINGS)
def test_every_rendering_is_masked(render):
    shown = render(Pii(SECRET))
    assert SECRET not in shown
    assert "bob" not in shown


@pytest.mark.parametrize("render", RENDERINGS)
def test_the_same_renderings_show_a_plain_text(render):
    """The control: a rendering that shows nothing of a str would prove nothing."""
    assert "bob" in render(SECRET)


@pytest.mark.parametrize("dump", [json.dumps, orjson.dumps, pickle.dumps, "".join, bytes, int])
def test_what_would_copy_the_text_out_is_refused(dump):
    argument = [Pii(SECRET)] if dump == "".join else Pii(SECRET)
    with pytest.raises(TypeError) as refused:
        dump(argument)
    assert SECRET not in str(refused.value)


def test_pickle_is_refused_in_every_protocol():
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="reveal"):
            pickle.dumps(Pii(SECRET), protocol)


def test_it_does_not_change_and_has_no_dictionary():
    with pytest.raises(AttributeError):
        Pii(SECRET).text = "x"
    with pytest.raises(TypeError):
        vars(Pii(SECRET))


@given(st.text(), st.text(), st.text(alphabet="<>^=,.0123456789xs", max_size=4))
def test_equality_is_the_texts_and_formatting_tells_nothing(one, other, specification):
    assert (Pii(one) == Pii(other)) is (one == other)
    assert Pii(one) != one
    assert len({Pii(one), Pii(one), Pii(other)}) == len({one, other})
    assert format(Pii(one), specification) == MASK
    assert Pii(one).reveal() == one


def test_a_field_is_checked_sealed_and_revealed_only_when_asked():
    letter = Letter.model_validate_json('{"subject": " Dear Bob "}')
    assert letter.subject.reveal() == "Dear Bob"
    assert letter.model_dump() == {"subject": MASK}
    assert letter.model_dump_json(context=REVEAL) == '{"subject":"Dear Bob"}'
    assert Letter.model_json_schema()["properties"]["subject"]["maxLength"] == 20
    for wrong in ('"B"', '"Bob Bob Bob Bob Bob Bob"', "17", "null", '["Bob"]'):
        with pytest.raises(ValueError, match="subject") as refused:
            Letter.model_validate_json(f'{{"subject": {wrong}}}')
        assert "Bob" not in str(refused.value)
