"""`queueproof audit`: is a queue set up as a profile asks?"""

import argparse
import importlib.metadata
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from compliance.pii.outputs import render
from compliance.queue_audit.facts import Facts
from compliance.queue_audit.judging import audit
from compliance.queue_audit.live import ReadError, read_live
from compliance.queue_audit.profile import DEFAULT_PROFILE, Profile, ProfileError, load_profile
from compliance.queue_audit.report import as_report, render_json, render_text
from compliance.queue_audit.rules import RULE_IDS
from compliance.queue_audit.template.loading import TemplateError
from compliance.queue_audit.template.reading import read_template
from scenarios.model import shown

CLEAN, FINDINGS, USAGE, NOT_KNOWN = 0, 1, 2, 3
_URL = re.compile(r"https?://[^/\s@]+/\S+")
_ENDPOINT = re.compile(r"https?://[^/\s@]+/?")
_EPILOG = f"""\
exit codes: 0 clean (notes apart); 1 findings; 2 usage or profile; 3 could not be read, or a fact
            that a rule needs is unknown

Credentials come from where every AWS SDK looks for them; it needs sqs:GetQueueAttributes,
sqs:GetQueueUrl, sqs:ListDeadLetterSourceQueues, and for log groups logs:DescribeLogGroups,
logs:GetDataProtectionPolicy and logs:DescribeAccountPolicies. The default profile, with every key
explained:
{DEFAULT_PROFILE.relative_to(Path(__file__).parents[2])}

examples: queueproof audit https://sqs.eu-west-1.amazonaws.com/123456789012/emails.fifo
          queueproof audit --template queues.yaml --parameter Stage=prod --format sarif
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Audit and print; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(argv)
    if (options.queue_url is None) == (options.template is None):
        parser.error("name a QUEUE_URL or a --template, and not both")
    try:
        profile = load_profile(options.profile, RULE_IDS)
        facts = _facts(options, profile)
        result = audit(facts, profile)
    except ProfileError as error:
        print(error, file=sys.stderr)
        return USAGE
    except (ReadError, TemplateError) as error:
        print(error, file=sys.stderr)
        return NOT_KNOWN
    version = importlib.metadata.version("queueproof")
    if options.format == "json":
        text = render_json(result, version=version, profile_name=profile.name)
    elif options.format == "sarif":
        text = render("sarif", as_report(result, version=version, profile_name=profile.name))
    else:
        text = render_text(result, profile.name)
    sys.stdout.write(text)
    if result.is_broken:
        return FINDINGS
    return NOT_KNOWN if result.unanswered else CLEAN


def _facts(options: argparse.Namespace, profile: Profile) -> Facts:
    groups = tuple(dict.fromkeys([*profile.logs.groups, *options.log_group]))
    if options.template is not None:
        return read_template(
            options.template, parameters=dict(options.parameter), log_groups=groups
        )
    return read_live(
        options.queue_url,
        endpoint_url=options.endpoint_url,
        region=options.region,
        log_groups=groups,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="queueproof audit",
        description="Audit a queue, live or as written in a CloudFormation template.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("queue_url", nargs="?", type=_queue_url, metavar="QUEUE_URL", help="a queue that exists")
    add("--template", type=Path, metavar="FILE", help="a CloudFormation template, YAML or JSON")
    add(
        "--parameter",
        type=_parameter,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a value for a parameter of the template, or for AWS::Region and the like",
    )
    add(
        "--endpoint-url",
        type=_endpoint,
        metavar="URL",
        help="where SQS and logs answer, if not AWS",
    )
    add("--region", help="AWS region (default: the queue URL's, then the SDK's)")
    add(
        "--log-group",
        action="append",
        default=[],
        metavar="NAME",
        help="a CloudWatch log group to audit too; may be repeated",
    )
    add(
        "--profile",
        type=Path,
        default=DEFAULT_PROFILE,
        metavar="FILE",
        help="what is asked, in TOML",
    )
    add("--format", choices=("text", "json", "sarif"), default="text")
    return parser


def _queue_url(text: str) -> str:
    if not _URL.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{shown(text)}; wanted: http(s)://HOST/ACCOUNT/NAME")
    return text


def _endpoint(text: str) -> str:
    if not _ENDPOINT.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{shown(text)}; wanted: http(s)://HOST[:PORT]")
    return text


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{shown(text)}; wanted: NAME=VALUE")
    return name, value
