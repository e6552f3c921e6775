"""How property tests run here: a slow or busy machine breaks none of them."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Its parent is Hypothesis's own choice, which in a merge run draws the same examples every time.
settings.register_profile(
    "tests",
    parent=settings.get_profile(settings.get_current_profile_name()),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("tests")
