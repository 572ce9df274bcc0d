"""report.html: one file that opens from a disk without a network, and can load nothing.

The page carries its charts' library, once. Its content security policy admits exactly the
one script that is written here, by its digest, and nothing from anywhere else; chart data lies
in inert JSON blocks. Even text that got past the escaping could therefore not run.
"""

import base64
import functools
import hashlib
import json

import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined

from compliance.verdict import Outcome
from reports import charts
from reports.model import Chart, ExperimentView, RunView, word
from reports.numbers import figure, precise


def render(view: RunView) -> str:
    """The whole page."""
    return page("report.html.j2", view=view)


def page(template: str, **values: object) -> str:
    """A page of ours, with the script that draws its charts and the policy that admits it alone."""
    script = _script()
    policy = [
        "default-src 'none'",
        f"script-src {_digest(script)}",
        "style-src 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    return (
        _environment()
        .get_template(template)
        .render(**values, script=script, policy="; ".join(policy))
    )


def why(outcome: Outcome) -> str:
    """What stands above a verdict's reasons."""
    match outcome:
        case Outcome.INCONCLUSIVE:
            return "It cannot tell because:"
        case Outcome.NOT_CLAIMED:
            return "Measured, not judged:"
        case _:
            return "Doubts about the experiment, which do not undo the verdict:"


def chart_json(chart: Chart, experiment: ExperimentView) -> str:
    """A chart of an experiment for a JSON block."""
    return inert_json(charts.specification(chart, experiment.faults, experiment.duration_s))


def inert_json(value: object) -> str:
    """JSON without the characters that could end its block or open a tag."""
    text = json.dumps(value, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


@functools.cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"figure": figure, "precise": precise, "word": word}
    environment.globals |= {
        "why": why,
        "chart_json": chart_json,
        "colour": charts.colour,
        "dash": charts.dash,
    }
    return environment


@functools.cache
def _script() -> str:
    """The page's drawing code with Vega, Vega-Lite and Vega-Embed."""
    drawing = _environment().get_template("draw.js").render()
    bundle: str = vl_convert.javascript_bundle(drawing)
    # In a block of its own, so that the libraries leave no global names.
    return f"{{{bundle}}}"


def _digest(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
