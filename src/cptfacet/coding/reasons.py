"""What a provision did to a claim line, as a sentence for a biller."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from cptfacet import _data
from cptfacet.policies.vocabulary import GUIDANCE_NOT_STATED, KEYS
from cptfacet.procedures import Family
from cptfacet.sessions import Guidance, Technique

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cptfacet.policies import Provision

__all__ = ["reason"]


def __dir__() -> list[str]:
    return sorted(__all__)


_ANY = "any"
_LABELS: dict[str, str] = {
    **{word: word.label for kind in (Technique, Guidance, Family) for word in kind},
    GUIDANCE_NOT_STATED: "guidance not stated",
}


@functools.cache
def _sentences() -> Mapping[str, Mapping[str, str]]:
    return _data.read_toml("reasons.toml")


def reason(provision: Provision) -> str:
    """Return the sentence that says what a provision did to a line; its text where there is none.

    >>> import datetime as dt
    >>> from cptfacet import policies
    >>> kx = policies.get("medicare").get(
    ...     "modifier.diagnostic", on=dt.date(2026, 3, 2), family="image-guided-injection"
    ... )
    >>> reason(kx)
    'The purpose is diagnostic; the policy asks for KX on every line of a diagnostic session.'
    >>> block = policies.get("medicare").get(
    ...     "coding.family",
    ...     on=dt.date(2026, 3, 2),
    ...     technique="medial-branch-block",
    ...     guidance="ct",
    ... )
    >>> reason(block)
    'Medial branch block with CT: image-guided facet injection codes.'
    """
    listed = isinstance(provision.value, tuple)
    value = ", ".join(provision.value) if isinstance(provision.value, tuple) else provision.value
    sentences = _sentences().get(provision.key, {})
    text = sentences.get(_ANY if listed else str(value)) or sentences.get(_ANY)
    if text is None:
        return str(provision)
    cell = zip(KEYS[provision.key].dimensions, provision.cell, strict=True)
    sentence = text.format(
        value=_LABELS.get(str(value), value),
        **{name: _LABELS.get(said, said) for name, said in cell},
    )
    return sentence[0].upper() + sentence[1:]
