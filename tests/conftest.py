"""How the tests run: which of them are slow, and how property tests draw.

``nox -s fast`` runs ``-m "not slow"``: what answers within half a minute. Whole folders are slow,
since they draw many examples, start processes or read everything that is packaged; so they are not
even imported then. A slow test elsewhere has the mark itself.
"""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest
from hypothesis import HealthCheck, settings

TESTS = Path(__file__).parent
SLOW = {"data", "docs", "interop", "laws"}

# Its parent is Hypothesis's own choice, which in a merge run draws the same examples every time.
# A slow or busy machine breaks no property test.
settings.register_profile(
    "tests",
    parent=settings.get_profile(settings.get_current_profile_name()),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("fast", parent=settings.get_profile("tests"), max_examples=10)


def _is_fast(config: pytest.Config) -> bool:
    return "not slow" in config.option.markexpr


def pytest_configure(config: pytest.Config) -> None:
    """Draw fewer examples in the fast run."""
    settings.load_profile("fast" if _is_fast(config) else "tests")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the slow folders in the fast run, without importing them."""
    slow = collection_path.parent == TESTS and collection_path.name in SLOW
    return True if slow and _is_fast(config) else None


def pytest_collection_finish() -> None:
    """Collect garbage less often: what is imported and collected by then stays, and is much."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


SECONDS = 600  # for one test; a slow one may take thrice as long


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Fail a test that has no end, where the system has a timer."""
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
    ):
        yield
        return

    def stop(_: int, __: FrameType | None) -> None:
        pytest.fail(f"{item.nodeid} takes too long")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS * (3 if item.get_closest_marker("slow") else 1))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in the slow folders."""
    for item in items:
        if item.path.is_relative_to(TESTS) and item.path.relative_to(TESTS).parts[0] in SLOW:
            item.add_marker("slow")
