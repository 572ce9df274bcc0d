"""Clean logs are clean, each planted leak is found once, and no report tells a value."""

import base64
import subprocess
import sys
import time

import orjson
import pytest

from compliance.pii import Canary, Scanner, ScanSettings
from compliance.pii.text import render_text

CONTROL = Canary("control", "control-5f0c1d77a2")
WITHOUT_NAMES = ScanSettings(names=False)


@pytest.fixture(scope="module")
def known(people):
    return Scanner([*people, CONTROL], WITHOUT_NAMES)


def of_kind(people, kind):
    return next(canary.value for canary in people if canary.kind == kind)


def with_field(line, key, value):
    return orjson.dumps({**orjson.loads(line), key: value}).decode()


@pytest.fixture
def leaky_log(clean_lines, write_log):
    """A clean log, except for one value in the field `note` of line 124."""

    def leak(value):
        lines = list(clean_lines)
        lines[123] = with_field(lines[123], "note", value)
        return write_log(lines), orjson.loads(lines[123])

    return leak


def test_clean_component_logs_have_no_finding_and_need_no_model(people, clean_lines, write_log):
    report = Scanner(people).scan([write_log(clean_lines)])
    assert report.is_clean
    assert report.is_complete
    assert report.lines_read == len(clean_lines)
    assert report.distinct_skeletons < 40
    assert report.engines["model"] == "not needed"


@pytest.mark.parametrize(
    ("kind", "leak"),
    [
        ("email", (str, "raw")),
        ("person", (str.upper, "raw")),
        ("phone", (lambda v: f"dial {v}", "raw")),
        ("address", (str, "json")),
        ("subject", (str, "raw")),
        ("body", (lambda v: base64.b64encode(b"x" + v.encode()).decode(), "part base64")),
        ("body", (lambda v: f"sent {v[:60]}...", "part raw")),
    ],
)
def test_one_leak_of_each_kind_is_one_finding_at_its_place(known, people, leaky_log, kind, leak):
    write, form = leak
    path, line = leaky_log(write(of_kind(people, kind)))
    report = known.scan([path])
    [finding] = report.findings
    assert (finding.rule, finding.level, finding.form) == (f"canary/{kind}", "error", form)
    assert (finding.line, finding.json_path) == (124, "$.note")
    assert finding.logger == line["logger"]
    assert finding.message_id == line["email_id"]
    assert f"note: <{kind}>" in finding.template.replace("* ", "").replace(" *", "")


def test_an_address_is_found_on_every_line_and_counted_in_one_place(clean_lines, write_log):
    lines = [
        with_field(line, "to", [f"person.{n}@example.com"]) for n, line in enumerate(clean_lines)
    ]
    lines = [line.replace("email.accepted", "sqs.sent") for line in lines]
    report = Scanner(settings=WITHOUT_NAMES).scan([write_log(lines)])
    assert sum(place.lines for place in report.places) == len(lines)
    assert {place.json_path for place in report.places} == {"$.to[*]"}
    assert all(len(place.findings) <= 3 for place in report.places)


def test_numbers_are_judged_on_each_line_though_their_lines_have_one_shape(write_log):
    cards = ["4111111111111111", "4111111111111112", "5555555555554444"]
    report = Scanner(settings=WITHOUT_NAMES).scan(
        [write_log([f'{{"event":"charged","ref":"{card}"}}' for card in cards])]
    )
    assert [(place.rule, place.lines) for place in report.places] == [("pattern/CREDIT_CARD", 2)]
    assert [finding.line for finding in report.findings] == [1, 3]


def test_names_are_found_once_per_text_and_counted_on_all_lines(finder, write_log):
    lines = [f'{{"event":"could not deliver to Maria Gonzalez","n":{n}}}' for n in range(50)]
    scanner = Scanner()
    scanner._names = finder
    report = scanner.scan([write_log(lines)])
    [place] = report.places
    assert (place.rule, place.lines, place.level) == ("ner/PERSON", 50, "warning")
    assert place.template == "{event: could not deliver to <PERSON>, n: *}"
    assert place.findings[0].column == 32


def test_a_canary_is_not_reported_again_by_pattern_or_name(finder, people, write_log):
    email, person = of_kind(people, "email"), of_kind(people, "person")
    scanner = Scanner(people)
    scanner._names = finder
    report = scanner.scan([write_log([f"could not send mail to {person} <{email}>"])])
    assert [place.rule for place in report.places] == ["canary/email", "canary/person"]


def test_a_mask_is_a_note_and_no_leak(people, write_log):
    email = of_kind(people, "email")
    report = Scanner(people, WITHOUT_NAMES).scan([write_log([f"sent to {email[0]}***@e***"])])
    [place] = report.places
    assert (place.rule, place.level) == ("masked/email", "note")
    assert report.canary_lines == 0


def test_fields_and_streets_are_told_on_every_line_of_a_shape(write_log):
    lines = [
        f'{{"event":"sent","to_name":"Jane Doe","street":"{n} Mill Lane"}}' for n in (1, 22, 3)
    ]
    report = Scanner(settings=WITHOUT_NAMES).scan([write_log(lines)])
    told = {(place.rule, place.json_path, place.lines) for place in report.places}
    assert told == {
        ("field/PERSON", "$.to_name", 3),
        ("field/STREET_ADDRESS", "$.street", 3),
    }


def test_a_control_is_counted_and_is_no_finding(known, clean_lines, write_log):
    lines = [*clean_lines, with_field(clean_lines[0], "control", CONTROL.value)]
    report = known.scan([write_log(lines)])
    assert report.is_clean
    assert report.control_lines == 1
    assert report.control_sources == report.sources


def test_a_value_behind_a_repeated_json_key_is_still_found(write_log):
    line = '{"to":"jane@example.com","to":"x"}'
    report = Scanner(settings=WITHOUT_NAMES).scan([write_log([line])])
    assert [finding.rule for finding in report.findings] == ["pattern/EMAIL_ADDRESS"]


def test_no_report_tells_a_value(known, people, clean_lines, write_log):
    """Canaries and unknown values, raw and packed, in values, keys, logger and file name."""
    unknown = ["maria.g@gmail.com", "4111111111111111", "DE89370400440532013000", "+44 7700 900123"]
    values = [canary.value for canary in people] + unknown
    lines = list(clean_lines)
    for n, value in enumerate(values):
        lines += [
            with_field(lines[n], "note", f"failed for {value} today"),
            with_field(lines[n], "raw", base64.b64encode(value.encode()).decode()),
            with_field(lines[n], value, 1),
            with_field(lines[n], "logger", value.split()[0]),
            with_field(lines[n], "email_id", value),
            f"2025-11-24 10:00:00 ERROR send to {value!r} failed",
        ]
    report = known.scan([write_log(lines, name=f"{values[0]} maria.g@gmail.com.log")])
    assert len(report.places) > 20
    shown = render_text(report) + orjson.dumps(report.as_dict()).decode()
    told = [value for value in values if value.casefold() in shown.casefold()]
    assert told == []


@pytest.mark.parametrize(
    "line",
    [
        b"\xff\xfe jane@example.com",
        b"\x1b]0;title\x07jane@example.com\x1b[2J",
        b'{"a":' * 2000 + b'"jane@example.com"' + b"}" * 2000,
        b"jane\0@example.com",
        b"@" * 5000 + b" jane@example.com",
        b"{" * 5000 + b"jane@example.com" + b"}" * 5000,
    ],
)
def test_hostile_lines_are_scanned_and_printed_safely(write_log, line):
    report = Scanner(settings=WITHOUT_NAMES).scan([write_log([b"ok", line])])
    assert [place.rule for place in report.places] == ["pattern/EMAIL_ADDRESS"]
    text = render_text(report)
    assert all(char == "\n" or char.isprintable() for char in text)


def test_hashes_are_equal_for_equal_values_and_differ_between_scanners(write_log):
    path = write_log(["a jane@example.com", "b JANE@example.com", "c bob@example.com"])
    first, second = (Scanner(settings=WITHOUT_NAMES).scan([path]) for _ in range(2))
    hashes = [finding.hash for finding in first.findings]
    assert len(set(hashes)) == 2
    assert set(hashes).isdisjoint(finding.hash for finding in second.findings)


def test_missing_model_is_said_and_makes_the_scan_incomplete(write_log):
    report = Scanner(settings=ScanSettings(model="en_core_web_none")).scan(
        [write_log(["could not deliver to Maria Gonzalez"])]
    )
    assert "names not looked for" in report.skipped[0].what
    assert not report.is_complete


def test_too_many_texts_for_names_are_counted_and_make_the_scan_incomplete(
    finder, write_log, monkeypatch
):
    monkeypatch.setattr("compliance.pii.pending_names.TEXTS_MAX", 2)
    scanner = Scanner()
    scanner._names = finder
    report = scanner.scan([write_log([f"Zorro ate {word}" for word in ("a", "b", "c", "d")])])
    [note] = report.skipped
    assert note.what == "names looked for in 2 distinct texts; 2 more were left out"


def test_a_line_full_of_canaries_is_cheap(known, people, write_log):
    line = " ".join([of_kind(people, "email")] * 5_000)
    started_s = time.process_time()
    report = known.scan([write_log([line])])
    assert report.canary_lines == 1
    # Takes about 0.1 s; work for each pair of hits would take minutes.
    assert time.process_time() - started_s < 20


@pytest.mark.parametrize(
    ("setting", "wanted"),
    [
        ({"confidence_min": 1.5}, "confidence_min is 1.5; wanted 0 to 1"),
        ({"salt": b""}, "salt has 0 bytes"),
    ],
)
def test_settings_out_of_range_are_refused(setting, wanted):
    with pytest.raises(ValueError, match=wanted):
        ScanSettings(**setting)


def test_the_scanner_stands_alone_and_starts_without_the_heavy_libraries(write_log):
    code = (
        "import sys, compliance.pii.cli as cli; cli.main([sys.argv[1], '--no-ner']);"
        "print(sorted({name.split('.')[0] for name in sys.modules}"
        " & {'spacy', 'presidio_analyzer', 'scenarios', 'reference', 'loadtests', 'reports'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(write_log(["started"]))],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
