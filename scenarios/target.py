"""A target file: a deployment on AWS that a run may load, and up to which cost.

What it says by `true` are things that nobody but its owner can know; a run asks for each.
"""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from scenarios.base import Model, Name
from scenarios.model import read_text, validated

Url = Annotated[str, Field(pattern=r"^https?://\S+$", max_length=2_000)]
SPEND_USD_MAX = 10_000.0


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:  # another name
        return False


def _kept_secret(url: str) -> str:
    """What is sent there has a key in it. Raises ValueError."""
    parts = urlsplit(url)  # raises ValueError, too
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        raise ValueError(
            f"{parts.scheme}:// would tell anyone on the way the key; wanted: https://"
        )
    return url


SecretUrl = Annotated[Url, AfterValidator(_kept_secret)]


class DeployedTarget(Model):
    """As written in one TOML file."""

    name: Name
    configuration: str = Field(min_length=1)  # that was deployed: it decides what an email costs
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")
    api_url: SecretUrl  # what ApiUrl of the stack says
    sqs_endpoint: SecretUrl
    queue_urls: list[Url] = Field(min_length=1, max_length=64)
    spend_limit_usd: float = Field(gt=0, le=SPEND_USD_MAX, allow_inf_nan=False)
    i_own_this_target: Literal[True]
    provider_is_a_sink: Literal[True]  # the traffic is addressed to example.com


def load_target(path: Path) -> DeployedTarget:
    """Raises ScenarioError with file, key and value."""
    return validated(read_text(path), str(path), DeployedTarget)
