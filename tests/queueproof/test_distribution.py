"""What can be asked of `run --distributed`, and what does not go together."""

import pytest

from loadtests.distributed.distribution import Distribution
from queueproof.distribution import distribution_of
from queueproof.suite import SuiteError

NOTHING = {
    "distributed": False,
    "workers": None,
    "remote_workers": 0,
    "listen": "",
    "target": "",
    "is_simulated": False,
}
TARGET = "http://192.0.2.1:8080"


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({}, None),
        ({"distributed": True}, Distribution(2)),
        ({"distributed": True, "workers": 5}, Distribution(5)),
        (
            {
                "distributed": True,
                "remote_workers": 3,
                "target": TARGET,
                "listen": "192.0.2.7:5557",
            },
            Distribution(2, 3, "192.0.2.7", 5557),
        ),
        (
            {
                "distributed": True,
                "workers": 0,
                "remote_workers": 1,
                "target": TARGET,
                "listen": "192.0.2.7",
            },
            Distribution(0, 1, "192.0.2.7", 0),
        ),
    ],
)
def test_what_goes_together_is_taken(asked, wanted):
    assert distribution_of(**NOTHING | asked) == wanted


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"workers": 2}, "go with --distributed"),
        ({"listen": "192.0.2.7"}, "go with --distributed"),
        ({"distributed": True, "workers": 0}, "nobody is left"),
        ({"distributed": True, "is_simulated": True}, "does not go with --sim"),
        ({"distributed": True, "listen": "192.0.2.7"}, "--listen goes with --remote-workers"),
        ({"distributed": True, "remote_workers": 1}, "want a --target"),
        ({"distributed": True, "remote_workers": 1, "target": TARGET}, "want --listen"),
        (
            {"distributed": True, "remote_workers": 1, "target": TARGET, "listen": "host:1"},
            "want ADDRESS",
        ),
        (
            {"distributed": True, "remote_workers": 1, "target": TARGET, "listen": "192.0.2.7:0x"},
            "want ADDRESS",
        ),
    ],
)
def test_what_does_not_is_refused(asked, named):
    with pytest.raises(SuiteError, match=named):
        distribution_of(**NOTHING | asked)
