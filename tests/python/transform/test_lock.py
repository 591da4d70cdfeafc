"""One build at a time in one database."""

import threading
from collections.abc import Callable

import pytest

from orchestration.settings import UserError
from orchestration.transform.lock import build_lock


def test_the_second_build_refuses_or_waits(
    fresh_dsn: Callable[[], str], use_dsn: Callable[[str], None]
) -> None:
    """It says since when the other runs, and starts when that one has ended."""
    use_dsn(fresh_dsn())
    said: list[str] = []
    order: list[str] = []

    def second() -> None:
        with build_lock(wait=True, say=said.append):
            order.append("second")

    with build_lock(wait=True):
        with (
            pytest.raises(UserError, match=r"another build runs since .* UTC: "),
            build_lock(wait=False),
        ):
            pass
        thread = threading.Thread(target=second)
        thread.start()
        while not said:
            thread.join(timeout=0.05)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert said[0].endswith(", waiting")


def test_builds_of_two_databases_do_not_wait(
    fresh_dsn: Callable[[], str], use_dsn: Callable[[str], None]
) -> None:
    """The lock belongs to the database."""
    use_dsn(fresh_dsn())
    with build_lock(wait=False):
        use_dsn(fresh_dsn())
        with build_lock(wait=False):
            pass
