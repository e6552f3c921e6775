"""Every look-up and verb refuses an argument of another type, and says what to write."""

import datetime as dt
import inspect
import re
from collections.abc import Callable, Iterator
from types import MethodType
from typing import Any

import pytest

import cptfacet
from cptfacet import (
    Claim,
    ClaimLine,
    ClaimType,
    CodedSession,
    Guidance,
    History,
    Joint,
    Location,
    Nerve,
    Purpose,
    Side,
    Target,
    Technique,
    Treatment,
    addons,
    bilateral,
    check_claim,
    claims,
    code_session,
    dates,
    history,
    lookup,
    modifiers,
    parse_line,
    parse_session,
    policies,
    procedures,
    sessions,
)
from cptfacet.anatomy import CodeRegion, CoverageRegion
from cptfacet.bilateral import LateralityFormat, SideCount
from cptfacet.checking import rules
from cptfacet.history import SessionKind
from cptfacet.modifiers import ModifierKind, ModifierRole
from cptfacet.procedures import CodeGroup, Family, LegacyFamily, Ordinal, ProcedureKind
from cptfacet.reference import packaged

DAY = dt.date(2026, 3, 2)
SESSION = parse_session(date=DAY, technique="mbb", guidance="fluoroscopy", joints=["L4-5:left"])
CODED = code_session(SESSION, policy="medicare")
assert isinstance(CODED, CodedSession)
# A value for each type that an argument declares.
RIGHT: dict[str, object] = {
    "dt.date": DAY,
    "str": "64494",
    "int": 12,
    "Joint": Joint.L4_L5,
    "Nerve": Nerve.L4,
    "Side": Side.LEFT,
    "Technique": Technique.MEDIAL_BRANCH_BLOCK,
    "Guidance": Guidance.FLUOROSCOPY,
    "ClaimType": ClaimType.PROFESSIONAL,
    "Purpose": Purpose.DIAGNOSTIC,
    "Claim": CODED.claim,
    "CodedSession": CODED,
    "Session": SESSION,
    "Treatment": SESSION.treatments[0],
    "Target": SESSION.treatments[0].targets[0],
    "ClaimLine": parse_line("64493-KX"),
    "Report": check_claim(CODED, policy="medicare"),
    "History": History(),
    "Location": Location(state="OH"),
    "Policy": policies.get("medicare"),
    "CodeGroup": CodeGroup.IMAGING_GUIDANCE,
    "CodeRegion": CodeRegion.LUMBAR_SACRAL,
    "CoverageRegion": CoverageRegion.LUMBAR_SACRAL,
    "Family": Family.ABLATION,
    "LegacyFamily": LegacyFamily.ABLATION,
    "Ordinal": Ordinal.FIRST,
    "ProcedureKind": ProcedureKind.FACET,
    "LateralityFormat": LateralityFormat.ONE_LINE_50,
    "ModifierKind": ModifierKind.PAYMENT,
    "ModifierRole": ModifierRole.RIGHT,
    "SessionKind": SessionKind.ABLATION,
    "SideCount": SideCount(right=1),
}
WORDS = {  # texts that a function reads
    "code": "64494",
    "jurisdiction_id": "J15",
    "key": "levels.order",
    "rule_id": "kx-missing",
    "policy": "medicare",
}
OF_A_TEXT = {
    "diagnosis": "M47.816",
    "spine_part": "M47.816",
    "get_place": "11",
    "get_modifier": "50",
    "get_zip_code": "43215",
    "parse_claim_type": "professional",
    "parse_date": "2026-03-02",
    "parse_guidance": "fluoroscopy",
    "parse_modifier": "50",
    "parse_purpose": "diagnostic",
    "parse_target": "L4-5:left",
    "parse_technique": "mbb",
    "parse_treated_nerve": "L4:left",
}
WRONG: dict[str, object] = {
    "str": "zz",
    "int": 64493,
    "float": 12.5,
    "list of texts": ["zz"],
    "list of numbers": [5],
    "a dict": {"code": "64493"},
    "object": object(),
}
LOOK_UPS: list[Callable[..., Any]] = [
    addons.allowed_primaries,
    addons.missing_primaries,
    addons.order_lines,
    bilateral.order_modifiers,
    bilateral.read,
    bilateral.render,
    claims.parse_claim_type,
    claims.parse_line,
    claims.parse_purpose,
    dates.add_months,
    dates.parse_date,
    dates.window_left,
    dates.window_start,
    history.injection_kind,
    History().count_within,
    History().find,
    History().last_ablation,
    lookup.find,
    modifiers.parse_modifier,
    policies.find_policy,
    policies.get("medicare").changes,
    policies.get("medicare").get,
    procedures.parse_code,
    procedures.role_of,
    rules.get_rule,
    sessions.parse_guidance,
    sessions.parse_target,
    sessions.parse_technique,
    sessions.parse_treated_nerve,
    packaged().get_procedure("64494").in_force,
    packaged().get_procedure("64494").primary_codes,
    *(
        getattr(packaged(), name)
        for name in dir(packaged())
        if not name.startswith(("_", "with_", "find_own", "turning"))
        and isinstance(getattr(packaged(), name), MethodType)
    ),
]


def accepted(annotation: str) -> set[str]:
    """Name the types that an annotation accepts; those of its elements, if it has several."""
    return set(re.findall(r"[A-Za-z_.]+", annotation)) - {"Iterable", "Sequence", "None"}


def is_several(annotation: str) -> bool:
    return annotation.startswith(("Iterable[", "Sequence["))


def arguments() -> Iterator[Any]:
    """List each argument of each look-up with each value of a type that it does not accept."""
    for function in LOOK_UPS:
        for name, parameter in inspect.signature(function).parameters.items():
            if parameter.kind is parameter.VAR_KEYWORD or parameter.annotation in (
                "bool",
                "object",
            ):
                continue
            kinds = accepted(str(parameter.annotation))
            several = is_several(str(parameter.annotation))
            for kind, value in WRONG.items():
                listed = kind.startswith("list of")
                element = {"list of texts": "str", "list of numbers": "int"}.get(kind, kind)
                if element in kinds and listed is several:
                    continue
                named = f"{function.__qualname__}-{name}-{kind}"
                yield pytest.param(function, name, value, id=named)


def call(function: Callable[..., Any], **changed: object) -> object:
    """Call a function with a right value for each argument that has no default, and the changed one."""
    positional: list[object] = []
    named: dict[str, object] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name not in changed and parameter.default is not parameter.empty:
            continue
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        value = changed[name] if name in changed else right(function, name, parameter)
        if parameter.kind is parameter.KEYWORD_ONLY:
            named[name] = value
        else:
            positional.append(value)
    return function(*positional, **named)


def right(function: Callable[..., Any], name: str, parameter: inspect.Parameter) -> object:
    annotation = str(parameter.annotation)
    kinds = sorted(accepted(annotation))
    if kinds == ["str"] and not is_several(annotation):
        return OF_A_TEXT.get(function.__name__) or WORDS.get(name, "64493")
    value = next(RIGHT[kind] for kind in kinds if kind in RIGHT)
    return [value] if is_several(annotation) else value


@pytest.mark.parametrize("function", LOOK_UPS, ids=lambda function: function.__qualname__)
def test_a_right_value_of_each_argument_is_taken(function: Callable[..., Any]) -> None:
    """The values of this module are right, so a refusal below is for the one that was changed."""
    call(function)


@pytest.mark.parametrize(("function", "name", "value"), [*arguments()])
def test_another_type_is_refused(function: Callable[..., Any], name: str, value: object) -> None:
    with pytest.raises(TypeError, match=r" takes (an? |a datetime|None)") as refused:
        call(function, **{name: value})

    assert "zz" not in str(refused.value), "a value may identify a patient"


@pytest.mark.parametrize("verb", ["code_session", "decode_claim", "check_claim", "repair_claim"])
@pytest.mark.parametrize("value", [None, *WRONG.values(), Target, Treatment, Claim, ClaimLine])
def test_a_verb_takes_its_own_record(verb: str, value: object) -> None:
    with pytest.raises(TypeError, match=r"^(session|claim) takes a (Session|Claim), not "):
        getattr(cptfacet, verb)(value, policy="medicare")


def test_a_code_that_a_spreadsheet_spoiled_says_so() -> None:
    for spoiled in ("64493.0", " 64493.00 "):
        with pytest.raises(cptfacet.errors.ParseError, match=r"write 64493$"):
            procedures.parse_code(spoiled)
    with pytest.raises(cptfacet.errors.ParseError, match=r"write 64493$"):
        parse_line("64493.0")
    with pytest.raises(cptfacet.errors.ParseError, match=r"write 11$"):
        packaged().get_place("11.0")
