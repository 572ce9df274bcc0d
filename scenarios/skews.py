"""How traffic spreads over message groups: the ways that a capacity is asked for."""

from typing import Literal, get_args

from scenarios.model import EmailLoad, ScenarioError, shown

Skew = Literal["even", "zipf", "hot", "one"]
SKEWS: tuple[Skew, ...] = get_args(Skew)
GROUPS = 1_000
HOT_SHARE = 0.5  # of the emails in the hot group

_FIELDS: dict[Skew, dict[str, float]] = {
    "even": {"groups": GROUPS, "group_skew": 0.0, "hot_share": 0.0},
    "zipf": {"groups": GROUPS, "group_skew": 1.0, "hot_share": 0.0},
    "hot": {"groups": GROUPS, "group_skew": 0.0, "hot_share": HOT_SHARE},
    "one": {"groups": 1, "group_skew": 0.0, "hot_share": 0.0},
}


def skewed(load: EmailLoad, skew: str) -> EmailLoad:
    """The same load, spread in a way that is known by name. Raises ScenarioError."""
    if skew not in SKEWS:
        raise ScenarioError(f"unknown skew {shown(skew)}; known: {', '.join(SKEWS)}")
    return load.model_copy(update=_FIELDS[skew])
