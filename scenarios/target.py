"""A target file: a deployment on AWS that a run may load, and up to which cost.

What it says by `true` are things that nobody but its owner can know; a run asks for each.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from scenarios.base import Model, Name
from scenarios.model import read_text, validated

Url = Annotated[str, Field(pattern=r"^https?://\S+$", max_length=2_000)]
SPEND_USD_MAX = 10_000.0


class DeployedTarget(Model):
    """As written in one TOML file."""

    name: Name
    configuration: str = Field(min_length=1)  # that was deployed: it decides what an email costs
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    api_url: Url  # what ApiUrl of the stack says
    sqs_endpoint: Url
    queue_urls: list[Url] = Field(min_length=1, max_length=64)
    spend_limit_usd: float = Field(gt=0, le=SPEND_USD_MAX, allow_inf_nan=False)
    i_own_this_target: Literal[True]
    provider_is_a_sink: Literal[True]  # the traffic is addressed to example.com


def load_target(path: Path) -> DeployedTarget:
    """Raises ScenarioError with file, key and value."""
    return validated(read_text(path), str(path), DeployedTarget)
