"""Settings of property tests."""

from hypothesis import HealthCheck, settings

# Property tests are not timed: on a busy machine a deadline measures the machine.
settings.register_profile(
    "untimed",
    parent=settings(),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("untimed")
