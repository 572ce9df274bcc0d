"""Blocks hold the lines that splitting the whole would give, however the bytes come in."""

import io

from hypothesis import find, given
from hypothesis import strategies as st

from compliance.pii.sources.expand import PieceReader
from compliance.pii.sources.whole_lines import WholeLines

MAX_BYTES = 6
PIECES = st.lists(
    st.lists(st.sampled_from([b"a", b"bcdef", b"\n", b"ghijklmno", b"\r\n"]), min_size=1).map(
        b"".join
    ),
    max_size=8,
)


def read(pieces, end_bytes=None, reader_type=WholeLines):
    reader = reader_type(MAX_BYTES)
    file = io.BufferedReader(PieceReader(iter(pieces)), 64)
    return reader, list(reader.blocks(file, end_bytes))


def lines_of(data):
    """The model: split, and cut."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [line[:MAX_BYTES] for line in lines], [line[MAX_BYTES:] for line in lines]


def agrees(pieces, reader_type=WholeLines):
    kept, cut = lines_of(b"".join(pieces))
    reader, blocks = read(pieces, reader_type=reader_type)
    told = [line for block in blocks for line in lines_of(block)[0]]
    return (
        told == kept
        and reader.cut_lines == sum(map(bool, cut))
        and reader.cut_bytes == sum(map(len, cut))
        and all(block.endswith(b"\n") for block in blocks[:-1])
    )


@given(PIECES)
def test_agrees_with_the_model(pieces):
    assert agrees(pieces)


class ForgetsTheBeginning(WholeLines):
    """Planted bug: what a line began with in the piece before is lost."""

    def blocks(self, file, end_bytes=None):
        for block in super().blocks(file, end_bytes):
            yield block if block.count(b"\n") != 1 else block[1:]


def test_planted_bug_is_found():
    assert find(PIECES, lambda pieces: not agrees(pieces, ForgetsTheBeginning))


@given(PIECES, st.integers(1, 60))
def test_an_end_is_the_end_of_the_line_that_reaches_it(pieces, end_bytes):
    data = b"".join(pieces)
    end = data.find(b"\n", end_bytes - 1) + 1 or len(data)
    told = [line for block in read(pieces, end_bytes)[1] for line in lines_of(block)[0]]
    assert told == lines_of(data[:end])[0]


def test_what_has_come_is_handed_out_before_more_is_asked_for():
    asked = []

    def pieces():
        for piece in (b"one\ntw", b"o\n"):
            asked.append(piece)
            yield piece

    blocks = WholeLines(MAX_BYTES).blocks(io.BufferedReader(PieceReader(pieces()), 64))
    assert next(blocks) == b"one\n"
    assert asked == [b"one\ntw"]
    assert next(blocks) == b"two\n"
