"""Property tests are not timed: on a busy machine a deadline measures the machine."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "untimed",
    parent=settings(),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("untimed")
