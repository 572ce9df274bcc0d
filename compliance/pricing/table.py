"""The price list, read and checked: a row without a source or with falling tiers is refused."""

import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from scenarios.base import Model

PRICES = Path(__file__).parent / "prices.toml"
ITEMS = (
    *("sqs-standard-request", "sqs-fifo-request", "sqs-fair-request"),
    *("alb-hour", "alb-lcu-hour", "fargate-vcpu-hour", "fargate-gb-hour"),
    *("lambda-request", "lambda-gb-second", "api-gateway-rest-call"),
    *("logs-ingested-gb", "logs-stored-gb-month", "alarm-month", "custom-metric-month"),
    *("data-out-gb", "ses-email"),
)

Text = Annotated[str, Field(min_length=1, max_length=500)]


class PriceError(Exception):
    """A price list that cannot be used; the message says where and why."""


class Tier(Model):
    """What one unit costs until so many were bought in a month."""

    up_to: float | None = Field(None, gt=0)  # units a month; none: without end
    price_usd: float = Field(ge=0, allow_inf_nan=False)


class Price(Model):
    """One item of the list."""

    item: Text
    unit: Text
    source: Text
    seen: Text  # where and of which day the figure is
    free_units: float = Field(0, ge=0)  # a month, for an account that asks for the free tier
    tiers: list[Tier] = Field(min_length=1)

    @model_validator(mode="after")
    def _tiers_rise_and_end_open(self) -> Self:
        ends = [tier.up_to for tier in self.tiers]
        closed = [end for end in ends[:-1] if end is not None]
        if ends[-1] is not None or len(closed) < len(ends) - 1 or sorted(set(closed)) != closed:
            raise ValueError("tiers: each but the last needs a higher up_to, the last has none")
        return self

    def usd(self, units: float, *, with_free_tier: bool = False) -> float:
        """What so many units of one month cost."""
        left = max(0.0, units - (self.free_units if with_free_tier else 0.0))
        total, bought = 0.0, 0.0
        for tier in self.tiers:
            taken = left if tier.up_to is None else min(left, tier.up_to - bought)
            total += taken * tier.price_usd
            left, bought = left - taken, bought + taken
        return total

    @property
    def first_usd(self) -> float:
        """One unit's price before any discount."""
        return self.tiers[0].price_usd


class TaskSize(Model):
    """A Fargate task of one service, and how many run at the least."""

    tasks_min: int = Field(ge=1, le=1_000)
    vcpu: float = Field(gt=0, le=16)
    memory_gb: float = Field(gt=0, le=120)


class Polls(Model):
    """Long polls of one queue that are under way at any time."""

    pollers: int = Field(ge=1, le=10_000)
    wait_s: float = Field(gt=0, le=20)

    def per_s(self) -> float:
        """While nothing comes."""
        return self.pollers / self.wait_s


class Deployment(Model):
    """How the measured work would be deployed: what a run on one machine cannot tell."""

    api: TaskSize
    worker: TaskSize
    worker_polls: Polls
    lambda_polls: Polls
    cpu_utilization: float = Field(gt=0, le=1)
    alarms_per_queue: int = Field(ge=0)
    alarms_per_service: int = Field(ge=0)
    alarms_per_function: int = Field(ge=0)
    custom_metrics: int = Field(ge=0)
    log_retention_days: float = Field(gt=0)
    http_head_bytes: int = Field(ge=0)
    http_answer_bytes: int = Field(ge=0)
    connections_per_request: float = Field(ge=0, le=1)


class PriceTable(Model):
    """The whole list, of one region and day."""

    as_of: date
    region: Text
    currency: Literal["USD"]
    left_out: list[Text]
    deployment: Deployment
    price: list[Price]

    @model_validator(mode="after")
    def _each_item_once(self) -> Self:
        items = [price.item for price in self.price]
        if sorted(items) != sorted(ITEMS):
            amiss = sorted({*items} ^ {*ITEMS}) or sorted({i for i in items if items.count(i) > 1})
            raise ValueError(f"price: each item stands once; look at {', '.join(amiss)}")
        return self

    def of(self, item: str) -> Price:
        """Raises KeyError for an item that is not on the list."""
        for price in self.price:
            if price.item == item:
                return price
        raise KeyError(item)


def load_prices(path: Path = PRICES) -> PriceTable:
    """Raises PriceError with file, place and what is amiss."""
    try:
        return PriceTable.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the list"
        raise PriceError(f"{path}: {where}: {first['msg']}") from error
    except OSError as error:
        raise PriceError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise PriceError(f"{path}: not TOML: {error}") from error
