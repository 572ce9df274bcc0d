"""SARIF against the standard.

The official schema file is fetched from the network by tools that use it; this test may not do
that. SCHEMA below was written from the standard's text (SARIF 2.1.0, sections 3.13 to 3.58) for
every object that the writer makes: required properties, types, ranges, and no other property.
"""

import json

import pytest
from jsonschema import Draft202012Validator, ValidationError

from compliance.pii.outputs import Related, Report, Result, Rule, Unread, render


def an_object(required, **properties):
    return {
        "type": "object",
        "required": required.split(),
        "properties": properties,
        "additionalProperties": False,
    }


def a_list(items, **bounds):
    return {"type": "array", "items": items, **bounds}


TEXT = {"type": "string"}
COUNT = {"type": "integer", "minimum": 1}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
MESSAGE = an_object("text", text=TEXT)  # 3.11
ARTIFACT = an_object("uri", uri={"type": "string", "format": "uri-reference"})  # 3.4
REGION = an_object(  # 3.30
    "startLine", startLine=COUNT, startColumn=COUNT, endLine=COUNT, endColumn=COUNT
)
PHYSICAL = an_object("artifactLocation", artifactLocation=ARTIFACT, region=REGION)  # 3.29
LOCATION = an_object(  # 3.28
    "physicalLocation",
    id={"type": "integer", "minimum": 0},
    physicalLocation=PHYSICAL,
    message=MESSAGE,
)
RULE = an_object("id", id=TEXT, shortDescription=MESSAGE, help=MESSAGE)  # 3.49
DRIVER = an_object(  # 3.19
    "name", name=TEXT, version=TEXT, rules=a_list(RULE, uniqueItems=True)
)
NOTIFICATION = an_object("message", message=MESSAGE, level=LEVEL, locations=a_list(LOCATION))
INVOCATION = an_object(  # 3.20
    "executionSuccessful",
    executionSuccessful={"type": "boolean"},
    toolExecutionNotifications=a_list(NOTIFICATION),
)
RESULT = an_object(  # 3.27
    "message",
    ruleId=TEXT,
    ruleIndex={"type": "integer", "minimum": -1},
    level=LEVEL,
    message=MESSAGE,
    locations=a_list(LOCATION),
    relatedLocations=a_list(LOCATION, uniqueItems=True),
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
    properties={"type": "object"},
)
RUN = an_object(  # 3.14
    "tool",
    tool=an_object("driver", driver=DRIVER),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    invocations=a_list(INVOCATION),
    results=a_list(RESULT),
)
SCHEMA = an_object(  # 3.13
    "version runs",
    **{"$schema": {"type": "string", "format": "uri"}},
    version={"const": "2.1.0"},
    runs=a_list(RUN),
)
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)
RULES = (Rule("canary/email", "a known address", "Mask it."), Rule("ner/PERSON", "a name"))


def sarif(*results, unread=(), notes=()):
    report = Report("queueproof scan", "0.1.0", RULES, results, "done", unread, notes)
    log = json.loads(render("sarif", report))
    VALIDATOR.validate(log)
    return log["runs"][0]


def a_result(path="logs/api.log", line=1, column=1, **more):
    return Result("ner/PERSON", "warning", "a name", path, line, column, "f" * 32, **more)


def test_a_full_report_is_valid_and_keeps_all_it_was_given():
    related = (Related("src/app.py", 3, 0, "from here"), Related("src/b.py", 4, 2, "to here"))
    run = sarif(
        a_result(end_line=2, end_column=5, related=related, details={"lines": 3}),
        unread=(Unread("logs/x y.gz", "bomb"),),
        notes=("one line was cut",),
    )
    [result] = run["results"]
    assert result["ruleIndex"] == 1
    assert result["locations"][0]["physicalLocation"]["region"] == {
        "startLine": 1,
        "startColumn": 1,
        "endLine": 2,
        "endColumn": 5,
    }
    assert [place["id"] for place in result["relatedLocations"]] == [1, 2]
    assert result["partialFingerprints"] == {"queueproof/v1": "f" * 32}
    assert result["properties"] == {"lines": 3}
    [invocation] = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert [told["level"] for told in invocation["toolExecutionNotifications"]] == ["error", "note"]


def test_a_clean_report_is_valid_and_successful():
    run = sarif()
    assert run["results"] == []
    assert run["invocations"][0]["executionSuccessful"] is True


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("./logs/api.log", "logs/api.log"),
        ("/var/log/my app.log", "file:///var/log/my%20app.log"),
        ("s3://bucket/a b.gz", "s3://bucket/a%20b.gz"),
        ("cloudwatch:/aws/lambda/x", "cloudwatch%3A/aws/lambda/x"),
        ("logs/é#?.log", "logs/%C3%A9%23%3F.log"),
    ],
)
def test_paths_become_uri_references(path, uri):
    [result] = sarif(a_result(path))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == uri


def test_a_result_about_a_whole_file_has_no_region():
    [result] = sarif(a_result(line=0, column=0))["results"]
    assert "region" not in result["locations"][0]["physicalLocation"]


@pytest.mark.parametrize(
    "broken",
    [
        {"version": "2.0.0", "runs": []},
        {"version": "2.1.0"},
        {"version": "2.1.0", "runs": [{"tool": {}}]},
        {"version": "2.1.0", "runs": [], "extra": 1},
    ],
)
def test_the_schema_refuses_what_the_standard_refuses(broken):
    with pytest.raises(ValidationError):
        VALIDATOR.validate(broken)
