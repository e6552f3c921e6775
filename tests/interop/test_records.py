"""A public record is declared once: what else knows it finds it from its declaration.

`FOR_TYPE` is the one table of strategies, `DOCUMENTS` the one of documents. Everything that reads or
writes a record, describes it in a schema or draws it follows from these and from the class itself.
"""

import functools
import inspect
import json
import re
from enum import Enum
from typing import Any, get_args, get_type_hints

import attrs
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

import cptfacet
from cptfacet import _hypothesis, interop
from cptfacet.coding import LineReason
from cptfacet.errors import Problem
from cptfacet.interop.json import (
    DOCUMENTS,
    LEFT_OUT,
    OMITTED,
    READ,
    Document,
    from_data,
    make_converter,
    records,
)
from cptfacet.interop.schemas import NAMES, schema
from cptfacet.sessions import Target, TreatedNerve, Treatment
from cptfacet.strategies import FOR_TYPE

DOCUMENTED = {kind for kinds in DOCUMENTS.values() for kind in kinds}
RECORDS = records(*sorted(DOCUMENTED, key=lambda kind: kind.__name__))
PARTS: dict[str, Any] = {
    name: part for document in NAMES for name, part in schema(document)["$defs"].items()
}
few = settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])


@functools.cache
def converter() -> Any:  # noqa: ANN401
    return make_converter()


@pytest.mark.parametrize("kind", [*RECORDS, Problem], ids=lambda kind: kind.__name__)
class TestEveryRecordOfADocument:
    def test_it_has_a_strategy(self, kind: type[Any]) -> None:
        assert kind in FOR_TYPE

    def test_its_schema_has_its_words(self, kind: type[Any]) -> None:
        part = PARTS[kind.__name__]
        summary = " ".join((inspect.getdoc(kind) or "").partition("\n\n")[0].split())

        assert re.sub(r"\bNone\b", "null", summary.replace("``", "`")) == part["description"]
        assert [key for key, entry in part["properties"].items() if not entry["description"]] == []

    def test_its_docstring_describes_attributes_that_it_has(self, kind: type[Any]) -> None:
        _, _, section = (inspect.getdoc(kind) or "").partition("Attributes:\n")
        described = re.findall(r"^    (\w+): ", section.partition("\n\n")[0], re.MULTILINE)

        assert described
        assert [name for name in described if not hasattr(kind, name)] == []


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_every_record_is_written_as_its_schema_says(kind: type[Any]) -> None:
    validator = Draft202012Validator({"$ref": f"#/$defs/{kind.__name__}", "$defs": PARTS})

    @few
    @given(st.from_type(kind))
    def check(value: object) -> None:
        written = converter().unstructure(value)

        assert [error.message for error in validator.iter_errors(written)] == []
        assert json.loads(json.dumps(written)) == written

    check()


@pytest.mark.parametrize("kind", records(*READ), ids=lambda kind: kind.__name__)
def test_every_record_that_is_read_is_read_back(kind: type[Any]) -> None:
    @few
    @given(st.from_type(kind))
    def check(value: object) -> None:
        assert from_data(converter().unstructure(value), kind) == value

    check()


def test_type_checkers_know_the_documents() -> None:
    assert set(get_args(Document)) == DOCUMENTED


def test_parts_stand_before_what_holds_them() -> None:
    for place, kind in enumerate(RECORDS):
        held = {part for part in get_type_hints(kind).values() if part in RECORDS}
        assert held <= set(RECORDS[:place]), kind


def test_every_type_with_a_strategy_is_registered() -> None:
    assert set(FOR_TYPE) <= set(_hypothesis.public_types())


def test_every_type_on_top_has_a_strategy() -> None:
    top = (getattr(cptfacet, name) for name in dir(cptfacet))
    types = {value for value in top if isinstance(value, type) and not issubclass(value, Enum)}

    assert types - set(FOR_TYPE) == set()


def test_a_type_without_a_strategy_is_left_to_hypothesis() -> None:
    """Hypothesis also asks the registered types about the classes above them."""

    @attrs.frozen
    class Base:
        number: int

    assert isinstance(find(st.from_type(Exception), lambda _: True), Exception)
    assert find(st.from_type(Base), lambda _: True) == Base(number=0)


def test_no_module_lists_the_parts_of_documents() -> None:
    """A record that is a part of a document is named where it is declared, and in `FOR_TYPE`."""
    modules = (_hypothesis, interop.json, interop.schemas)
    source = "".join(inspect.getsource(module) for module in modules)
    special = {
        *DOCUMENTED,
        *OMITTED,
        *LEFT_OUT,
        Target,
        TreatedNerve,
        Treatment,
        LineReason,
    }
    plain = [kind.__name__ for kind in RECORDS if kind not in special]

    assert {"Finding", "Laterality", "Citation"} <= set(plain)
    assert [name for name in plain if re.search(rf"\b{name}\b", source)] == []
