"""What a policy may say, what it means, and how it is told what is wrong with it."""

import time
from datetime import date

import pytest

from compliance.pii.gate import gate
from compliance.pii.policy import Policy, load_policy, path_matches
from compliance.pii.report import Finding, Place, ScanReport
from compliance.pii.settings_file import SettingsError

TODAY = date(2026, 11, 24)
ALLOW = '[[scan.allow]]\nreason = "our own address"\nexpires = 2027-01-31\n'


def a_place(rule="pattern/EMAIL_ADDRESS", json_path="$.to[*]", template="{event: sent}", lines=1):
    kind = rule.partition("/")[2]
    level = "warning" if rule.startswith("ner") else "error"
    finding = Finding(
        rule=rule,
        kind=kind,
        level=level,
        confidence=1.0,
        source="api.log",
        line=1,
        column=1,
        json_path=json_path,
        template=template,
        logger=None,
        message_id=None,
        masked="j***@e***",
        hash="00",
        form="raw",
    )
    return Place(rule, kind, level, template, json_path, lines, (finding,))


def a_report(*places):
    return ScanReport(
        places=places,
        lines_read=10,
        bytes_read=100,
        distinct_skeletons=1,
        sources=("api.log",),
        skipped=(),
        notes=(),
        elapsed_s=0.1,
        engines={},
        canaries_known=0,
        control_lines=0,
        control_sources=(),
    )


@pytest.fixture
def policy_of(tmp_path):
    def load(text, name="queueproof.toml"):
        path = tmp_path / name
        path.write_text(text)
        return load_policy(path, tmp_path)[0]

    return load


def gated(policy, *places, baseline=frozenset()):
    return gate(a_report(*places), policy, baseline, TODAY)


def test_without_a_file_everything_counts(tmp_path):
    policy, folder = load_policy(None, tmp_path)
    assert (policy, folder) == (Policy(), tmp_path)
    assert gated(policy, a_place(), a_place("ner/PERSON")).failing == 2


def test_the_nearest_file_that_has_a_policy_is_taken(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[tool.queueproof.scan]\nfail_on = "error"\n')
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (below / "pyproject.toml").write_text("[project]\n")
    policy, folder = load_policy(None, below)
    assert (policy.fail_on, folder) == ("error", tmp_path)
    (below / "queueproof.toml").write_text("")
    assert load_policy(None, below)[1] == below


@pytest.mark.parametrize("key", ['rule = "pattern/EMAIL_ADDRESS"', 'json_path = "$.to"', "x"])
def test_an_entry_that_fits_lets_pass_until_it_expires(policy_of, key):
    key = 'template = "^.event: sent"' if key == "x" else key
    allowed = gated(policy_of(f"{ALLOW}{key}\n"), a_place())
    assert (allowed.failing, allowed.passed) == (0, {"policy": 1})
    expired = gated(policy_of(f"{ALLOW}{key}\n".replace("2027", "2026")), a_place())
    assert expired.failing == 1
    assert expired.remarks == (
        "policy: allow[0] expired on 2026-01-31; 1 places count again: renew it or take it out",
    )


def test_an_entry_counts_on_its_last_day(policy_of):
    text = f'{ALLOW}rule = "pattern/*"\n'.replace("2027-01-31", "2026-11-24")
    assert gated(policy_of(text), a_place()).failing == 0


def test_all_parts_of_an_entry_must_fit(policy_of):
    policy = policy_of(f'{ALLOW}rule = "pattern/EMAIL_ADDRESS"\njson_path = "$.support"\n')
    assert gated(policy, a_place()).failing == 1
    assert gated(policy, a_place("ner/PERSON", "$.support")).failing == 1
    assert gated(policy, a_place(json_path="$.support")).failing == 0


def test_an_entry_that_fits_nothing_is_told(policy_of):
    policy = policy_of(f'{ALLOW}rule = "ner/PERSON"\n')
    assert gated(policy, a_place()).remarks == ("policy: allow[0] fits nothing in these logs",)


def test_levels_of_rules_are_changed_and_the_longest_name_wins(policy_of):
    policy = policy_of(
        '[scan.levels]\n"pattern/*" = "note"\n"pattern/EMAIL_ADDRESS" = "warning"\n'
        '"ner/*" = "off"\n'
    )
    done = gated(policy, a_place(), a_place("pattern/IP_ADDRESS"), a_place("ner/PERSON"))
    assert [(place.rule, place.level) for place in done.report.places] == [
        ("pattern/EMAIL_ADDRESS", "warning"),
        ("pattern/IP_ADDRESS", "note"),
    ]
    assert done.report.places[0].findings[0].level == "warning"
    assert (done.failing, done.passed) == (1, {"level off": 1})


def test_fail_on_error_lets_warnings_be_shown_and_pass():
    done = gated(Policy(fail_on="error"), a_place("ner/PERSON"))
    assert (done.failing, len(done.report.places)) == (0, 1)


@pytest.mark.parametrize(
    ("wanted", "path", "is_match"),
    [
        ("$.to", "$.to", True),
        ("$.to", "$.to[*]", True),
        ("$.to", "$.to.name", True),
        ("$.to", "$.total", False),
        ("$.to", "$.mail.to", False),
        ("$.*.to", "$.mail.to", True),
        ("$.to[*].name", "$.to[*].name", True),
        ("$.to[*].name", "$.to", False),
        ("$.to", "", False),
    ],
)
def test_paths_match_by_whole_parts(wanted, path, is_match):
    assert path_matches(wanted, path) is is_match


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[scan", "not TOML"),
        ("scan = 3", "scan: wanted a table"),
        ("[scan]\nfail = 1", "fail: no such setting"),
        ("[scan]\njobs = 0", "jobs = 0: input should be greater than or equal to 1"),
        ('[scan]\nnames = "no"', "names = 'no': input should be a valid boolean"),
        ('[scan]\nphone_regions = ["usa"]', "phone_regions.0 = 'usa': string should match"),
        ('[scan.levels]\n"pattern/X" = "loud"', "levels.pattern/X = 'loud': "),
        ('[scan]\nallow_fields = ["to"]', "allow_fields.0 = 'to': string should match"),
        ('[[scan.allow]]\nrule = "ner/*"\nexpires = 2027-01-01', "allow.0.reason: is missing"),
        ('[[scan.allow]]\nrule = "ner/*"\nreason = "because"', "reason = 'because': string should"),
        (f"{ALLOW}", "this would allow all"),
        (f'{ALLOW}rule = "everything"', "allow.0.rule = 'everything': "),
        (f"{ALLOW}template = '(a)\\1'", r"allow.0.template = '(a)\\1': wanted an RE2 expression"),
        (f"{ALLOW}template = '((a{{1000}}){{1000}}){{1000}}'", "wanted an RE2 expression"),
        (f"{ALLOW}template = '{'x' * 501}'", "at most 500 characters"),
        ("[scan]\nx\x1b = 1", "not TOML"),
    ],
)
def test_what_is_wrong_is_told_with_file_key_and_value(policy_of, text, said):
    with pytest.raises(SettingsError) as error:
        policy_of(text)
    assert "queueproof.toml" in str(error.value)
    assert said in str(error.value)
    assert str(error.value).isprintable()


def test_a_file_that_is_not_there_or_not_text_is_told(tmp_path):
    with pytest.raises(SettingsError, match=r"none\.toml: cannot be read"):
        load_policy(tmp_path / "none.toml", tmp_path)
    (tmp_path / "queueproof.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="wanted UTF-8 text"):
        load_policy(None, tmp_path)


def test_an_expression_that_would_run_for_ages_elsewhere_takes_no_time(policy_of):
    policy = policy_of(f"{ALLOW}template = '^(a+)+$'\n")
    started_s = time.process_time()
    done = gated(policy, *(a_place(template="a" * 200 + f"!{n}") for n in range(200)))
    assert done.failing == 200
    # Backtracking would need 2^200 steps; this is a bound on hanging, not a speed.
    assert time.process_time() - started_s < 10
