"""Parts of a line: each place belongs to one of them, and what begins there stands in it whole."""

from hypothesis import example, find, given
from hypothesis import strategies as st

from compliance.pii.sources.long_line import LongLine

PART_BYTES = 256  # parts share 64 bytes, of which 4 are margin
WHOLE_BYTES = 60
TEXTS = st.lists(st.sampled_from(["a", "é", "日本", "\U0001f600", "long " * 30]), max_size=200).map(
    "".join
)


def parts_of(text, line_type=LongLine, step=100):
    data = text.encode()
    line = line_type(PART_BYTES)
    pieces = [data[at : at + step] for at in range(0, len(data), step)]
    told = [part for piece in pieces for part in line.parts(piece, is_last=False)]
    return [*told, *line.parts(b"\n", is_last=True)]


def covers(text, line_type=LongLine):
    """Whether what the parts own makes up the line, and each owned place has its value whole."""
    data, position = text.encode(), 0
    for part in parts_of(text, line_type):
        start, end = part.window.first, part.window.end
        if not data[position - start :].startswith(part.data):
            return False
        is_whole = part.is_last or len(part.data) - end >= WHOLE_BYTES - 4
        if not is_whole or part.window.characters_before != len(data[: position - start].decode()):
            return False
        position += end - start
    return position == len(data)


@given(TEXTS)
def test_every_place_of_a_line_belongs_to_one_part_which_has_what_begins_there_whole(text):
    assert covers(text)


class SharesNothing(LongLine):
    """Planted bug: parts that do not overlap."""

    def __init__(self, part_bytes):
        super().__init__(part_bytes)
        self._overlap_bytes = self._margin_bytes = 0


def test_planted_bug_is_found():
    assert find(TEXTS, lambda text: not covers(text, SharesNothing))


@given(TEXTS, st.integers(1, 300))
def test_the_parts_are_the_same_however_the_bytes_come(text, step):
    def told(parts):
        return b"".join(part.data[part.window.first : part.window.end] for part in parts)

    assert told(parts_of(text, step=step)) == told(parts_of(text)) == text.encode()


@given(TEXTS)
@example("日本" * 200)
def test_what_a_part_owns_begins_and_ends_between_characters(text):
    for part in parts_of(text):
        part.data[: part.window.first].decode()
        part.data[part.window.first : part.window.end].decode()


def test_what_is_held_is_bounded():
    line = LongLine(PART_BYTES)
    for _ in range(1000):
        list(line.parts(b"x" * 100, is_last=False))
        assert len(line._held) <= PART_BYTES
