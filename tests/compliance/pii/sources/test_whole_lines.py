"""Blocks hold the lines that splitting the whole would give, however the bytes come in."""

import io

from hypothesis import find, given
from hypothesis import strategies as st

from compliance.pii.sources.expand import PieceReader
from compliance.pii.sources.long_line import Part
from compliance.pii.sources.whole_lines import WholeLines

MAX_BYTES = 6
PIECES = st.lists(
    st.lists(st.sampled_from([b"a", b"bcdef", b"\n", b"ghijklmno", b"\r\n"]), min_size=1).map(
        b"".join
    ),
    max_size=8,
)


def read(pieces, end_bytes=None, reader_type=WholeLines):
    file = io.BufferedReader(PieceReader(iter(pieces)), 64)
    return list(reader_type(MAX_BYTES).blocks(file, end_bytes))


def lines_of(data):
    """The model: split."""
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    return [line.rstrip(b"\r") for line in lines]


def told_by(blocks):
    """The lines, long ones put together from what each part is to tell of."""
    lines, begun = [], b""
    for block in blocks:
        if isinstance(block, Part):
            begun += block.data[block.window.first : block.window.end]
            if block.is_last:
                lines.append(begun)
                begun = b""
        else:
            lines += lines_of(block)
    assert not begun
    return lines


def agrees(pieces, reader_type=WholeLines):
    data = b"".join(pieces)
    blocks = read(pieces, reader_type=reader_type)
    whole = [block for block in blocks if not isinstance(block, Part)]
    return (
        told_by(blocks) == lines_of(data)
        and sum(b.fresh_bytes if isinstance(b, Part) else len(b) for b in blocks) == len(data)
        and all(len(line) <= MAX_BYTES + 1 for block in whole for line in lines_of(block))
        and all(block.endswith(b"\n") for block in blocks[:-1] if block in whole)
    )


@given(PIECES)
def test_agrees_with_the_model(pieces):
    assert agrees(pieces)


class ForgetsTheBeginning(WholeLines):
    """Planted bug: what a line began with in the piece before is lost."""

    def blocks(self, file, end_bytes=None):
        for block in super().blocks(file, end_bytes):
            yield block if isinstance(block, Part) or block.count(b"\n") != 1 else block[1:]


def test_planted_bug_is_found():
    assert find(PIECES, lambda pieces: not agrees(pieces, ForgetsTheBeginning))


@given(PIECES, st.integers(1, 60))
def test_an_end_is_the_end_of_the_line_that_reaches_it(pieces, end_bytes):
    data = b"".join(pieces)
    end = data.find(b"\n", end_bytes - 1) + 1 or len(data)
    assert told_by(read(pieces, end_bytes)) == lines_of(data[:end])


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
