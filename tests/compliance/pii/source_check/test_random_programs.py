"""Random programs: the check never crashes, masking on the way always clears, and values flow.

Two generators: any valid syntax tree that a grammar of ours can build, and ways from a source to a
sink made of steps that hand a value on.
"""

import ast
import random
from datetime import date

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from compliance.pii.source_check import check_source

TODAY = date(2026, 6, 1)
NAMES = st.sampled_from(
    ["user", "email", "log", "x", "y", "self", "Model", "message", "f", "print"]
)
FEW = settings(max_examples=60, deadline=None)


def expressions(inner):
    several = st.lists(inner, max_size=3)
    return st.one_of(
        st.builds("{}.{}".format, inner, NAMES),
        st.builds("{}[{}]".format, inner, inner),
        st.builds("{}[1:{}]".format, inner, inner),
        st.builds(
            "({} {} {})".format, inner, st.sampled_from(["+", "%", "and", "==", "|", "is"]), inner
        ),
        st.builds("{}({})".format, inner, several.map(", ".join)),
        st.builds("{}(*{}, **{})".format, inner, inner, inner),
        st.builds("{}({}={})".format, inner, NAMES, inner),
        st.builds("[{} for {} in {} if {}]".format, inner, NAMES, inner, inner),
        st.builds("{{{}: {} for {} in {}}}".format, inner, inner, NAMES, inner),
        st.builds("{{{}: {}, **{}}}".format, inner, inner, inner),
        st.builds("({} if {} else {})".format, inner, inner, inner),
        st.builds("(lambda {}: {})".format, NAMES, inner),
        st.builds("({} := {})".format, NAMES, inner),
        st.builds("(yield {})".format, inner),
        several.map(lambda many: f"[{', '.join(many)}]"),
        several.map(lambda many: f"({''.join(one + ', ' for one in many)})"),
        inner.map(lambda one: f"f'{{{one}!r:>{{x}}}}'" if "'" not in one else one),
    )


EXPRESSIONS = st.recursive(NAMES | st.sampled_from(["1", "'a'", "None", "b''"]), expressions)


def indented(blocks):
    return "\n".join("    " + line for block in blocks for line in block.split("\n"))


def statements(inner):
    block = st.lists(inner, min_size=1, max_size=3).map(indented)
    return st.one_of(
        st.builds("if {}:\n{}\nelse:\n{}".format, EXPRESSIONS, block, block),
        st.builds("for {} in {}:\n{}".format, NAMES, EXPRESSIONS, block),
        st.builds("while {}:\n{}".format, EXPRESSIONS, block),
        st.builds("with {} as {}:\n{}".format, EXPRESSIONS, NAMES, block),
        st.builds("try:\n{}\nexcept {} as {}:\n{}".format, block, NAMES, NAMES, block),
        st.builds("def {}({}, *args, **kw):\n{}".format, NAMES, NAMES, block),
        st.builds("class {}({}):\n{}".format, NAMES, NAMES, block),
        st.builds(
            "match {}:\n    case {{'a': {}}}:\n    {}\n    case [*{}]:\n        pass".format,
            EXPRESSIONS,
            NAMES,
            st.just("    pass"),
            NAMES,
        ),
    )


STATEMENTS = st.recursive(
    st.one_of(
        EXPRESSIONS,
        st.builds("{} = {}".format, NAMES, EXPRESSIONS),
        st.builds("{}.{} = {}".format, NAMES, NAMES, EXPRESSIONS),
        st.builds("{}, {} = {}".format, NAMES, NAMES, EXPRESSIONS),
        st.builds("{} += {}".format, NAMES, EXPRESSIONS),
        st.builds("raise {}".format, EXPRESSIONS),
        st.builds("import {} as {}".format, NAMES, NAMES),
        st.builds("from . import {}".format, NAMES),
        st.builds("{}: {} = {}".format, NAMES, EXPRESSIONS, EXPRESSIONS),
    ),
    statements,
    max_leaves=12,
)
PROGRAMS = st.lists(STATEMENTS, max_size=6).map("\n".join)


@pytest.fixture(scope="module")
def check_text(tmp_path_factory):
    folder = tmp_path_factory.mktemp("programs")

    def run(text):
        (folder / "main.py").write_text(text)
        return check_source([folder], today=TODAY)

    return run


def is_valid(text):
    try:
        ast.parse(text)
    except SyntaxError:
        return False
    return True


@FEW
@given(text=PROGRAMS)
def test_any_program_is_checked_or_said_to_be_no_program(check_text, text):
    report = check_text(text)
    assert report.files == is_valid(text)
    assert report.files + len(report.unreadable) == 1


def test_the_generated_programs_are_mostly_valid_and_some_are_flagged(check_text):
    """A generator of nonsense would prove nothing."""
    assert find(
        PROGRAMS,
        lambda text: is_valid(text) and len(check_text(text).findings) > 0,
        # Any will do; to shrink it costs a minute.
        settings=settings(phases=[Phase.generate], max_examples=5_000),
        random=random.Random(5),
    )


STEPS = [
    "v = v",
    "v = f'<{v}>'",
    "v = '%s' % v",
    "v = '{}'.format(v)",
    "v = v + '!'",
    "v = v.strip().lower()",
    "v = [v][0]",
    "v = {'k': v}['k']",
    "v = ', '.join([v])",
    "v = str(v)[1:]",
    "v = v or 'nobody'",
    "v, w = v, 1",
    "v = (lambda: v) and v",
    "v = next(iter([v]))",
    "v = passed_on(v)",
    "v = Holder(v).held",
    "if unknown():\n        v = v[1:]",
    "for v in [v]:\n        pass",
    "with opened(v) as v:\n        pass",
    "try:\n        v = v\n    except ValueError:\n        raise",
    "match v:\n        case w:\n            v = w",
    "self.v = v\n    v = self.v",
    "many = []\n    many.append(v)\n    v = many[0]",
]
SINKS = ["log.info(v)", "print(v)", "raise ValueError(v)", "span.set_attribute('a', v)"]
FRAME = """
from contextlib import contextmanager

def passed_on(value):
    return value

class Holder:
    def __init__(self, value):
        self.held = value

@contextmanager
def opened(value):
    yield value

def run(self, user, log, span):
    v = user.email
    {}
    {}
"""
MASKS = ["v = mask(v)", "v = hash_of(v)", "v = len(v)", "v = bool(v)", "v = 'somebody'"]
WAYS = st.lists(st.sampled_from(STEPS), max_size=4)


def program(steps, sink):
    return FRAME.format("\n    ".join(steps) or "pass", sink)


@FEW
@given(steps=WAYS, sink=st.sampled_from(SINKS))
def test_a_value_is_followed_through_any_steps(check_text, steps, sink):
    [finding] = check_text(program(steps, sink)).findings
    assert (finding.level, finding.sources[0].shown) == ("error", "user.email")


@FEW
@given(before=WAYS, after=WAYS, mask=st.sampled_from(MASKS), sink=st.sampled_from(SINKS))
def test_a_mask_anywhere_on_the_way_clears_the_finding(check_text, before, after, mask, sink):
    assert check_text(program([*before, mask, *after], sink)).findings == ()
