"""The design page shows the house as it is."""

from __future__ import annotations

from tools.house import FLOORS, PACKAGE, PAGE, written


def test_the_page_shows_every_file() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert "<!-- house -->" in page
    assert written(page) == page, "docs/design.md is out of date: run nox -s regenerate"


def test_every_room_is_on_one_floor() -> None:
    """A new room is named in FLOORS of tools/house.py."""
    placed = [room for floor in FLOORS.values() for level in floor for room in level]
    rooms = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/__init__.py")
    }

    assert sorted(placed) == sorted(rooms - {"__init__"})
