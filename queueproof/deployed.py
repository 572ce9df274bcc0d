"""`run --target-file`: may this run load that deployment, and what may it cost?

Everything is refused that is not known to be allowed, before a request leaves this machine.
"""

from collections.abc import Sequence
from pathlib import Path

from botocore.session import Session

from compliance.checks.cost import MILLION, LambdaUse, QueueUse, Usage, cost_of
from compliance.pricing.table import PriceTable, load_prices
from loadtests.deployed import DeployedQueues
from loadtests.live import Target
from loadtests.options import TargetError
from loadtests.spending import SpendMeter
from queueproof.suite import Planned
from scenarios.configuration import Configuration, load_configuration
from scenarios.model import EmailLoad
from scenarios.target import load_target

# Per email, on the safe side: nothing shares a call, each function runs alone and for long.
CALLS = {"send": 1, "receive": 1, "delete": 1}
BODY_BYTES = 2_000
LOG_BYTES = 4_000
FUNCTION_GB_S = 0.5 * 2.0  # half a gigabyte for two seconds
SAMPLE = 1_000


def deployed_target(path: Path, planned: Sequence[Planned], *, api_key: str) -> Target:
    """The target of a file, once it is sure that the plan stays within its limit.

    Raises TargetError, ScenarioError, PriceError.
    """
    deployed = load_target(path)
    if not api_key:
        raise TargetError(f"{path}: no API key; set QUEUEPROOF_API_KEY")
    if Session().get_credentials() is None:
        raise TargetError(
            f"{path}: no AWS credentials are configured, and its queues are asked with the owner's "
            "own; configure a profile (aws configure) or set AWS_PROFILE"
        )
    configuration, _ = load_configuration(deployed.configuration)
    each_usd = usd_per_attempt(configuration, load_prices())
    emails = sum(
        experiment.scenario.load.emails
        for experiment in planned
        if isinstance(experiment.scenario.load, EmailLoad)
    )
    if emails * each_usd > deployed.spend_limit_usd:
        raise TargetError(
            f"{path}: spend_limit_usd is {deployed.spend_limit_usd:g}, and {emails:,.0f} emails "
            f"cost about ${emails * each_usd:.4f} (${each_usd * MILLION:,.2f} a million, "
            "repeats not counted); offer less, or allow more"
        )
    return Target(
        url=deployed.api_url.rstrip("/"),
        api_key=api_key,
        owned=deployed.i_own_this_target,
        queues=DeployedQueues(deployed.sqs_endpoint, deployed.region, deployed.queue_urls),
        spending=SpendMeter(limit_usd=deployed.spend_limit_usd, usd_per_attempt=each_usd),
    )


def usd_per_attempt(configuration: Configuration, prices: PriceTable) -> float:
    """What one more email costs at list prices, the provider included; what runs anyway is not."""
    uses_lambda = configuration.consumer.kind == "lambda"
    queue = QueueUse(
        name=configuration.name,
        is_fifo=configuration.queue.is_fifo,
        carries_groups=True,
        requests={kind: calls * SAMPLE for kind, calls in CALLS.items()},
    )
    usage = Usage(
        emails=SAMPLE,
        deliveries=SAMPLE,
        duration_s=1.0,
        http_requests=SAMPLE,
        http_body_bytes=BODY_BYTES * SAMPLE,
        is_api_gateway=configuration.intake.kind == "api-gateway",
        queues=(queue,),
        lambdas=LambdaUse(invocations=SAMPLE, gb_s=FUNCTION_GB_S * SAMPLE) if uses_lambda else None,
        log_bytes=LOG_BYTES * SAMPLE,
    )
    cost = cost_of(usage, prices)
    return (cost.usd_per_million + cost.provider_usd_per_million) / MILLION
