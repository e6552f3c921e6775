"""The spellings of sides, segments, joints and nerves in procedure notes, from the data.

They are language and not rules: no date or policy changes them, and no `Reference` replaces them.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

import attrs

from cptfacet import _data
from cptfacet._records import sealed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = [
    "SEGMENTS",
    "Listed",
    "Spellings",
    "drop_sides",
    "fold",
    "list_names",
    "names_of",
    "names_side",
    "read_segments",
    "spell",
    "spellings",
    "take_side",
]


def __dir__() -> list[str]:
    return sorted(__all__)


_DASHES = str.maketrans(
    dict.fromkeys("\N{HYPHEN}\N{NON-BREAKING HYPHEN}\N{EN DASH}\N{MINUS SIGN}/", "-")
)
_LAST = {"C": 8, "T": 12, "L": 6, "S": 5}  # a sixth lumbar vertebra is named, and has no codes
SEGMENTS = ("C0", *(f"{letter}{n}" for letter, most in _LAST.items() for n in range(1, most + 1)))


def fold(text: str) -> str:
    """Return a text in upper case, with hyphens for every dash or slash and single spaces."""
    return " ".join(text.translate(_DASHES).upper().split())


@sealed
@attrs.frozen(kw_only=True)
class Spellings:
    """Each spelling, folded, with what it names.

    ``others`` has the kind of nerve, or None, and why the name is not a facet nerve.
    """

    sides: Mapping[str, str]
    joints: Mapping[str, str]
    joint_nouns: tuple[str, ...]
    nerves: Mapping[str, str]
    others: Mapping[str, tuple[str | None, str]]


def _expand(row: Mapping[str, Any], segments: Iterable[str], forms: list[str]) -> Iterator[str]:
    """Yield the spellings of one row for some segments."""
    templates = [form.replace("noun", noun) for noun in row.get("nouns", ()) for form in forms]
    for template in (*templates, *row.get("also", ())):
        if "{}" in template:
            yield from (fold(template.replace("{}", segment)) for segment in segments)
        else:
            yield fold(template)


def _segments_of(row: Mapping[str, Any]) -> Iterable[str]:
    named: str | list[str] = row.get("segments", [])
    return SEGMENTS if isinstance(named, str) else named


@functools.cache
def spellings() -> Spellings:
    """Return the packaged spellings."""
    data = _data.read_toml("codes/spellings.toml")
    forms: list[str] = data["nerves"]["forms"]
    nerves: dict[str, str] = {
        spelling: nerve
        for row in data["nerves"]["kinds"]
        for nerve in row["nerves"]
        for spelling in _expand(row, [nerve.split()[0]], forms)
    }
    others: dict[str, tuple[str | None, str]] = {
        spelling: (row.get("kind"), row["reason"])
        for row in data["other"]
        for spelling in _expand(row, _segments_of(row), forms)
    }
    names = data["joints"]["names"].items()
    return Spellings(
        sides={fold(word): side for side, words in data["sides"].items() for word in words},
        joints={fold(word): joint for joint, words in names for word in words},
        joint_nouns=tuple(sorted(map(fold, data["joints"]["nouns"]), key=len, reverse=True)),
        nerves=nerves,
        others=others,
    )


# -- segments as they are written: L4, L 4, L-4, L04, fourth lumbar, lumbar 4, LIV

_NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")
_ROMAN = {numeral: str(number) for number, numeral in enumerate(_NUMERALS, 1)}
_ANY_ROMAN = "|".join(_ROMAN)
_IN_ROMAN = re.compile(
    rf"(?<![A-Z0-9])(?P<l>[CTL])[ -]?(?P<n>{_ANY_ROMAN})(?: ?- ?(?P<to>{_ANY_ROMAN}))?(?=[ -]|$)"
)
_IN_DIGITS = re.compile(r"(?<![A-Z0-9])(?P<l>[CTLS])[ -]?0?(?P<n>\d\d?)(?!\d)", re.ASCII)


@functools.cache
def _in_words() -> tuple[tuple[re.Pattern[str], ...], Mapping[str, str]]:
    """Return the patterns of segments in words, and the letter or number of each word."""
    data = _data.read_toml("codes/spellings.toml")
    letters = {fold(word): letter for letter, words in data["segments"].items() for word in words}
    numbers = {fold(word): number for number, words in data["ordinals"].items() for word in words}
    letter, number = map("|".join, (letters, numbers))
    found = (
        rf"\b(?P<n>{number}) (?P<l>{letter})\b",
        rf"\b(?P<l>{letter})[ -]?(?P<n>\d\d?)(?!\d)",
    )
    return tuple(re.compile(pattern, re.ASCII) for pattern in found), letters | numbers | _ROMAN


def spell(text: str) -> str:
    """Return a text, folded, with every segment in it written like L4.

    A Roman numeral needs another word or segment beside it, and I is never the first sacral segment:
    `SI` is the sacroiliac joint.

    >>> spell("3rd lumbar medial branch"), spell("MB L-04"), spell("L IV medial branch")
    ('L3 MEDIAL BRANCH', 'MB L4', 'L4 MEDIAL BRANCH')
    >>> spell("SI"), spell("TX")
    ('SI', 'TX')
    """
    folded = fold(text)
    if len(folded) > _LONGEST:
        return folded
    patterns, words = _in_words()

    def segment(match: re.Match[str]) -> str:
        letter, number = match["l"], match["n"]
        name = f"{words.get(letter, letter)}{int(words.get(number, number))}"
        to = match.groupdict().get("to")
        return f" {name}{f'-{_ROMAN[to]}' if to else ''} " if name in _KNOWN else match[0]

    for pattern in patterns:
        folded = pattern.sub(segment, folded)
    if not _IN_ROMAN.fullmatch(folded) or "-" in folded:
        folded = _IN_ROMAN.sub(segment, folded)
    return _TIGHT.sub(_tight, " ".join(_IN_DIGITS.sub(segment, folded).split()))


_KNOWN = frozenset(SEGMENTS)
_LONGEST = 1000  # a longer text names nothing, and reading it would take long


def _tight(match: re.Match[str]) -> str:
    return match[1] or ""


_TIGHT = re.compile(r" ?([-,;]) ?|(?<=\() | (?=\))")


# -- sides


def _side_words() -> list[str]:
    """List the words for sides, longest first; a single letter names a side only by itself."""
    return sorted((word for word in spellings().sides if len(word) > 1), key=len, reverse=True)


@functools.cache
def _sides() -> tuple[re.Pattern[str], re.Pattern[str]]:
    words = _side_words()
    side = "|".join(re.escape(word).replace("\\-", "[-/]").replace("\\ ", r"\s+") for word in words)
    return (
        re.compile(rf"\s*\(?(?P<side>{side})\)?[\s,.-]+(?P<rest>\S.*)", re.IGNORECASE | re.DOTALL),
        re.compile(rf"(?P<rest>\S.*?)[\s,(-]+(?P<side>{side})\)?\.?\s*", re.IGNORECASE | re.DOTALL),
    )


def take_side(text: str) -> tuple[str, str | None]:
    """Return a text without the side in front or at the end of it, and that side, if there is one.

    >>> take_side("bilateral L4-5"), take_side("L4 MB (left)"), take_side("L4")
    (('L4-5', 'bilateral'), ('L4 MB', 'left'), ('L4', None))
    """
    for pattern in _sides():
        if match := pattern.fullmatch(text):
            return match["rest"].strip(" ,:(-"), spellings().sides[fold(match["side"])]
    return text, None


def names_side(text: str) -> bool:
    """Whether a side is named somewhere in a text.

    >>> names_side("L4 and right L5"), names_side("L4")
    (True, False)
    """
    return _any_side().search(fold(text)) is not None


def drop_sides(folded: str) -> str:
    """Return a folded text without the sides in it.

    >>> drop_sides("LEFT L5-LEFT S1"), drop_sides("B-L L4-5")
    ('L5-S1', 'L4-5')
    """
    return _TIGHT.sub(_tight, " ".join(_any_side().sub(" ", folded).split())).strip(" ,:()")


@functools.cache
def _any_side() -> re.Pattern[str]:
    words = "|".join(map(re.escape, _side_words()))
    return re.compile(rf"(?<![A-Z0-9])(?:{words})(?![A-Z0-9])")


# -- several names in one entry


@sealed
@attrs.frozen(kw_only=True)
class Listed:
    """One part of a list: a segment or a run of them, and the words before and after it."""

    before: str
    segments: tuple[str, ...]
    after: str

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each of its segments."""
        return tuple(f"{self.before}{segment}{self.after}" for segment in self.segments)


_AND = re.compile(r" ?[,;&+] ?(?:AND )?| AND ")
_SEGMENT = r"[CTLS]\d\d?"
_PART = re.compile(
    rf"(?P<before>(?:\D*[ (])?)(?P<first>{_SEGMENT})"
    rf"(?: ?(?:-| TO | THROUGH | THRU ) ?(?P<last>(?:{_SEGMENT}|\d\d?)))?(?P<after>(?:[ )].*)?)",
    re.ASCII,
)


def list_names(text: str) -> tuple[Listed | str, ...]:
    """Return the parts of a list of names: what has a segment, and the rest as text.

    A part without words of its own has those of the next part, or else of the one before.

    >>> [part.names for part in list_names("L3, L4 MB and L5 DR")]
    [('L3 MB',), ('L4 MB',), ('L5 DR',)]
    >>> [part.names for part in list_names("lateral branches of S1-3")]
    [('LATERAL BRANCHES OF S1', 'LATERAL BRANCHES OF S2', 'LATERAL BRANCHES OF S3')]
    """
    parts: list[Listed | str] = []
    letter = ""
    if len(text) > _LONGEST:
        return (fold(text),)
    for part in filter(None, _AND.split(spell(text))):
        named = f"{letter}{part}" if part[:1].isdigit() else part
        match = _PART.fullmatch(named)
        segments = read_segments(match["first"], match["last"]) if match else ()
        if match is None or not segments:
            parts.append(part)
            continue
        letter = segments[-1][0]
        parts.append(Listed(before=match["before"], segments=segments, after=match["after"]))
    return tuple(_with_words(parts))


def names_of(parts: Iterable[Listed | str]) -> list[str]:
    """List the names in the parts of a list, one for each segment.

    >>> names_of(list_names("L3, L4 MB and TON"))
    ['L3 MB', 'L4 MB', 'TON']
    """
    return [name for part in parts for name in (part.names if isinstance(part, Listed) else [part])]


def read_segments(first: str, last: str | None = None) -> tuple[str, ...]:
    """Return the segments from one to another, in the order of the body; () if one is unknown.

    >>> read_segments("S1", "3"), read_segments("T12", "L2"), read_segments("L4", "9")
    (('S1', 'S2', 'S3'), ('T12', 'L1', 'L2'), ())
    """
    last = last or first
    last = f"{first[0]}{last}" if last.isdigit() else last
    if first not in _KNOWN or last not in _KNOWN:
        return ()
    ends = sorted((SEGMENTS.index(first), SEGMENTS.index(last)))
    run = SEGMENTS[ends[0] : ends[1] + 1]
    return tuple(name for name in run if name not in _RARE or name in (first, last))


_RARE = (
    "C8",
    "L6",
)  # a nerve without a vertebra, a vertebra of few: in a run only where it is named


def _with_words(parts: list[Listed | str]) -> list[Listed | str]:
    """Return the parts of a list, those without words with the words of their neighbors."""
    backward = _passed_on(parts[::-1], "after", stop="before")
    return _passed_on(backward[::-1], "before", stop="after")


def _passed_on(parts: list[Listed | str], words: str, *, stop: str) -> list[Listed | str]:
    """Return parts, those without words with the ones that an earlier part has on one side."""
    done: list[Listed | str] = []
    given: dict[str, Any] = {}
    for part in parts:
        new = part
        if isinstance(part, str) or getattr(part, stop):
            given = {}
        elif own := getattr(part, words):
            given = {words: own}
        else:
            new = attrs.evolve(part, **given)
        done.append(new)
    return done
