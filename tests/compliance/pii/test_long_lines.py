"""A line too long to be held at once is searched to its end, across the borders of its parts."""

import base64
import json

import pytest

from compliance.pii import Canary, Scanner, ScanSettings
from compliance.pii.line_pass import HITS_PER_LINE_MAX
from compliance.pii.sources import Reading

PART_BYTES = 8192  # parts share 2,048 bytes, of which 128 are margin
CANARY = Canary("email", "jane.doe@example.com")
QUICK = ScanSettings(names=False, reading=Reading(line_bytes_max=PART_BYTES))
PLACES = (*range(6_000, 8_300, 23), 14_320, 20_000, 39_970)  # around the first border; and beyond


@pytest.fixture
def scan(tmp_path):
    log = tmp_path / "api.log"

    def run(data, canaries=(), settings=QUICK):
        log.write_bytes(data)
        return Scanner(canaries, settings).scan([log])

    return run


def line_with(value, at, length=40_000):
    filler = b"a b c, " * (length // 7 + 1)
    return filler[:at] + b" " + value + b" " + filler[at + len(value) + 2 : length]


@pytest.mark.parametrize("canaries", [[CANARY], []], ids=["as a canary", "by its form"])
@pytest.mark.parametrize("shift", range(4))
def test_a_value_is_found_once_wherever_it_stands(scan, canaries, shift):
    for at in PLACES[shift::4]:
        line = line_with(CANARY.value.encode(), at)
        report = scan(b"INFO short\n" + line + b"\nINFO end\n", canaries)
        [place] = report.places
        [finding] = place.findings
        assert (finding.line, finding.column, place.lines) == (2, at + 2, 1)
        assert finding.masked.startswith("j")
        assert (report.lines_read, report.skipped) == (3, ())


def test_packed_text_across_a_border_is_opened(scan):
    inner = base64.b64encode(base64.b64encode(b"x" * 400 + CANARY.value.encode() + b"y" * 400))
    for at in range(PART_BYTES - len(inner) - 60, PART_BYTES + 60, 97):
        report = scan(line_with(inner, at) + b"\n", [CANARY])
        assert [place.rule for place in report.places] == ["canary/email"]


def test_fields_and_addresses_of_a_long_json_line_are_found(scan):
    people = [
        {"customer_name": "Satu Elomo", "street": f"Hauptstraße {number}", "n": number}
        for number in range(400)
    ]
    report = scan(json.dumps({"event": "imported", "people": people}).encode() + b"\n")
    assert {place.kind for place in report.places} == {"PERSON", "STREET_ADDRESS"}
    # The line's beginning is one template, the rest of it another.
    assert len({place.template for place in report.places}) == 2
    assert all("Satu" not in place.template for place in report.places)


def test_names_are_looked_for_to_the_end(scan):
    settings = ScanSettings(reading=Reading(line_bytes_max=PART_BYTES))
    report = scan(line_with(b"mail for Jane Doe <x> accepted.", 30_000), settings=settings)
    assert [place.kind for place in report.places] == ["PERSON"]


def test_columns_count_characters(scan):
    line = "é" * 10_000 + " " + CANARY.value
    [place] = scan(line.encode() + b"\n", [CANARY]).places
    assert place.findings[0].column == 10_002


@pytest.mark.parametrize("shift", range(4))
def test_valid_text_is_not_called_invalid_wherever_it_is_cut(scan, shift):
    line = "x" * shift + "日\U0001f600é" * 3_000
    told = [note.what for note in scan(line.encode() + b"\n").notes]
    assert told == ["1 lines over 8,192 bytes were read in parts; no JSON paths in them"]
    told = [note.what for note in scan(line.encode() + b"\xff\n").notes]
    assert any("1 lines are not valid UTF-8" in what for what in told)


def test_a_part_whose_overlap_is_full_of_canaries_tells_its_own(scan):
    reading = Reading()
    part = reading.line_bytes_max
    overlap_at = part - part // 4
    others = [Canary("email", f"{name}@example.com") for name in ("jo", "al")]
    pair = b"".join(each.value.encode() + b" " for each in others)
    crowd = pair * (part // 64 // len(pair))
    line = line_with(CANARY.value.encode(), overlap_at + 20_000, 2 * part)
    line = line[:overlap_at] + crowd + line[overlap_at + len(crowd) :]
    assert crowd.count(b"@") > HITS_PER_LINE_MAX
    settings = ScanSettings(patterns=False, names=False, reading=reading)
    report = scan(line + b"\n", [CANARY, *others], settings)
    columns = {finding.column for place in report.places for finding in place.findings}
    assert line.index(CANARY.value.encode()) + 1 in columns


def test_nuls_and_colours_in_a_part_move_no_border(scan):
    for at in (6_100, 6_200, 8_100):
        line = line_with(CANARY.value.encode(), at).replace(b"a", b"\x00\x1b[0ma\x00")
        [place] = scan(line + b"\n").places
        assert place.lines == 1


def test_a_control_in_a_long_line_counts_once(scan):
    control = Canary("control", "planted-control-7f3c")
    report = scan(line_with(control.value.encode(), 7_000) + b"\n", [control])
    assert report.control_lines == 1


def test_canaries_alone_are_found_in_long_lines_too(scan):
    settings = ScanSettings(patterns=False, names=False, reading=QUICK.reading)
    data = b"INFO a\n" * 500 + line_with(CANARY.value.encode(), 25_000) + b"\nINFO z\n"
    [place] = scan(data, [CANARY], settings).places
    assert (place.findings[0].line, place.lines) == (501, 1)
