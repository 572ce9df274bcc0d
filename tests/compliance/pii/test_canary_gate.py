"""A line that the gate rules out holds no canary in any form."""

import base64
import gzip
import hashlib
import json
import quopri
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.pii import Canary, Scanner, ScanSettings
from compliance.pii.canary_detector import CanaryDetector
from compliance.pii.canary_gate import CanaryGate

CANARIES = (
    Canary("email", "Jane.Doe+news@example.com"),
    Canary("email", "a@b.example"),
    Canary("person", "Siobhán O'Brien-Müller"),
    Canary("person", "Bo Ek"),
    Canary("phone", "+1 (212) 555-0142"),
    Canary("address", "742 Evergreen Terrace\nSpringfield, IL 62704"),
    Canary("body", "Hello Zoë, your parcel with two blue kettles left our shop on Tuesday."),
)
FORMS = {
    "raw": str,
    "upper": str.upper,
    "json": lambda v: json.dumps(v)[1:-1],
    "url": lambda v: quote(v, safe=""),
    "hex": lambda v: v.encode().hex(),
    "sha256": lambda v: hashlib.sha256(v.encode()).hexdigest(),
    "base64": lambda v: base64.b64encode(v.encode()).decode(),
    "base64 after a path": lambda v: "raw/" + base64.urlsafe_b64encode(v.encode()).decode(),
    "base64 twice": lambda v: base64.b64encode(base64.b64encode(v.encode())).decode(),
    "gzip": lambda v: base64.b64encode(gzip.compress(v.encode(), mtime=0)).decode(),
    "utf-16": lambda v: base64.b64encode(v.encode("utf-16")).decode(),
    "escaped utf-16": lambda v: "\\x00".join(v) + "\\x00",
    "wrapped": lambda v: json.dumps(base64.encodebytes((v + " " * 60).encode()).decode())[1:-1],
    "quoted-printable": lambda v: json.dumps(quopri.encodestring((v * 3).encode()).decode())[1:-1],
    "mask": lambda v: f"{v[0]}***{v[-1]}",
}
CLEAN = (
    b"",
    b"INFO accepted",
    b'{"trace":"4bf92f3577b34da6a3ce929d0e0e4736","n":17,"event":"message stored"}',
    b"receipt AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a4bHeW3 of queue email-events-prod.fifo",
)
# What stands before a value decides which of its bytes are looked at.
PADDINGS = st.text(alphabet="abc =:,\"'/", max_size=9)


@pytest.fixture(scope="module")
def detector():
    return CanaryDetector(CANARIES)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(CLEAN),
            st.binary(max_size=40).map(lambda data: data.replace(b"\n", b"")),
            st.builds(
                lambda canary, form, before, after: (
                    before + FORMS[form](canary.value).replace("\n", " ") + after
                ).encode(),
                st.sampled_from(CANARIES),
                st.sampled_from(sorted(FORMS)),
                PADDINGS,
                PADDINGS,
            ),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_every_line_with_a_hit_is_a_suspect(detector, lines):
    hits = {index for index, line in enumerate(lines) if detector.find(line)}
    assert hits <= detector.suspects(lines)


def test_clean_lines_are_no_suspects_and_a_canary_makes_only_its_own_line_one(detector):
    assert detector.suspects(CLEAN * 50) == set()
    planted = [*CLEAN, b"to jane.doe+news@example.com", *CLEAN]
    assert detector.suspects(planted) == {len(CLEAN)}


@pytest.mark.parametrize("lines", [[b""], [b"x"], [b"", b""], [b"ends in half a pie"]])
def test_blocks_shorter_than_a_piece_have_no_suspects(detector, lines):
    assert detector.suspects(lines) == set()


def test_without_canaries_nothing_is_suspect():
    assert CanaryDetector([]).suspects([b"jane.doe@example.com"]) == set()


class EveryEighth(CanaryGate):
    """Planted fault: pieces are looked at so far apart that a short pattern fits in between."""

    def _starts_of_pieces(self, lowered):
        return [start for start in super()._starts_of_pieces(lowered) if start % 8 == 0]


def test_planted_fault_loses_a_pattern_at_some_offset():
    pattern, lines = b"abcdefghijk", [[b" " * offset + b"abcdefghijk"] for offset in range(8)]
    assert all(CanaryGate([pattern]).suspects(block) for block in lines)
    assert not all(EveryEighth([pattern]).suspects(block) for block in lines)


@pytest.mark.parametrize(
    "changed",
    [
        lambda line: line,
        lambda line: line + b"\r",
        lambda line: orjson.dumps({"log": f"{line.decode()}\n", "stream": "stdout", "time": "x"}),
        lambda line: orjson.dumps({"__REALTIME_TIMESTAMP": "1", "MESSAGE": list(line)}),
        lambda line: line.replace(b"a", b"\x1b[1ma"),
        lambda line: line.replace(b"a", b"\x00a"),
        lambda line: line + b" \xff",
    ],
    ids=["plain", "CRLF", "Docker", "journald", "ANSI", "NUL", "no UTF-8"],
)
def test_a_scan_in_blocks_finds_what_a_search_of_each_line_finds(tmp_path, monkeypatch, changed):
    lines = [*CLEAN[1:] * 40]
    for place, form in enumerate(sorted(set(FORMS) - {"mask"})):
        lines.insert(place * 7, FORMS[form]("Jane.Doe+news@example.com").encode())
    log = tmp_path / "app.log"
    log.write_bytes(b"\n".join(changed(line) if n % 5 else line for n, line in enumerate(lines)))
    scanner = Scanner(CANARIES, ScanSettings(names=False, patterns=False, salt=b"salt"))
    line_by_line = scanner.scan([log])
    monkeypatch.setattr("compliance.pii.epochs.FIRST_LOOK_BYTES", 1)
    for block_bytes in (100, 2_000, 1 << 20):
        monkeypatch.setattr("compliance.pii.sources.whole_lines.BLOCK_BYTES", block_bytes)
        in_blocks = scanner.scan([log])
        assert in_blocks.places == line_by_line.places
        assert in_blocks.lines_read == line_by_line.lines_read
    assert line_by_line.canary_lines >= len(FORMS) - 1


@pytest.mark.parametrize("block_bytes", [10, 300, 1 << 20])
def test_a_suspect_in_a_traceback_belongs_to_the_line_that_logged_it(
    tmp_path, monkeypatch, block_bytes
):
    log = tmp_path / "app.log"
    log.write_text(
        "10:00:00 INFO queue worker started\n" * 20
        + "10:00:01 ERROR could not send message\nTraceback (most recent call last):\n"
        + '  File "worker.py", line 7, in send\n' * 10
        + "SendError: refused Jane.Doe+news@example.com\n"
        + "10:00:02 INFO sent to Jane.Doe+news@example.com\n"
    )
    monkeypatch.setattr("compliance.pii.epochs.FIRST_LOOK_BYTES", 1)
    monkeypatch.setattr("compliance.pii.sources.whole_lines.BLOCK_BYTES", block_bytes)
    report = Scanner(CANARIES, ScanSettings(names=False, patterns=False)).scan([log])
    templates = {finding.line: finding.template for finding in report.findings}
    assert set(templates) == {33, 34}
    assert templates[33].startswith("0:0:0 ERROR could not send message > ")
    assert ">" not in templates[34].replace("<email>", "")
