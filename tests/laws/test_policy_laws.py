"""The law suite for policy files: every packaged policy obeys it, and whatever is lawless breaks it."""

import datetime as dt
import functools
import itertools
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from cptfacet import policies, strategies, testing
from cptfacet.addons import allowed_primaries
from cptfacet.anatomy import Joint
from cptfacet.claims import Claim, ClaimLine
from cptfacet.coding import Coded, Coder, Refusal
from cptfacet.coding.plans import turning_points
from cptfacet.policies import DIMENSIONS, Policy, Provision, vocabulary
from cptfacet.procedures import ProcedureKind
from cptfacet.reference import Reference, packaged
from cptfacet.repairing import Repaired, repair_claim
from cptfacet.sessions import Session
from cptfacet.testing import policy_laws

CPT, MEDICARE = policies.get("cpt"), policies.get("medicare")
quick = settings(max_examples=5, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
ENUMERATED = (
    "test_an_add_on_never_stands_before_or_without_its_primary",
    "test_both_sides_are_written_in_the_form_of_the_policy",
    "test_coding_drops_no_level_and_lines_read_back",
    "test_mirrored_sides_give_mirrored_lines",
    "test_modifiers_stand_in_the_order_of_the_policy",
    "test_the_diagnostic_modifier_stands_where_the_policy_says",
    "test_the_order_of_targets_means_nothing",
)
STATED = (
    "test_changes_and_answers_agree",
    "test_every_provision_answers_on_its_own_days_and_on_no_other",
    "test_every_provision_resolves_its_citations",
    "test_no_two_terms_of_a_cell_overlap",
)


# -- every packaged policy

DAYS = sorted(
    {day for name in policies.ids() for day in turning_points(policies.get(name), packaged())}
)
ADD_ONS = tuple(p.code for p in packaged().find(kind=ProcedureKind.FACET) if p.add_on)


def said_of_lines(policy: Policy) -> tuple[object, ...]:
    """Give every value of a policy that shapes lines, on every day on which any policy changes."""
    of_lines = [
        key
        for key in vocabulary().values()
        if key.use == "coding"
        and key.type != "document"
        and key.name not in ("coding.family", "coding.instead")
    ]
    found: list[object] = []
    for key in of_lines:
        names = [name.replace("-", "_") for name in key.dimensions]
        for cell in itertools.product(*(DIMENSIONS[name] or ADD_ONS for name in key.dimensions)):
            where = dict(zip(names, cell, strict=True))
            answers = (policy.get(key.name, on=day, **where) for day in DAYS)
            found.append(tuple(getattr(answer, "value", None) for answer in answers))
    return tuple(found)


def laws_of_all() -> dict[str, type]:
    """Make the laws of each policy; lines are enumerated once where policies say the same of them."""
    found: dict[str, type] = {}
    seen: set[object] = set()
    for name in ("cpt", "commercial", "medicare", *policies.ids()):
        if name in found:
            continue
        policy = policies.get(name)
        found[name] = policy_laws(policy, settings=quick)
        said = said_of_lines(policy)
        for law in ENUMERATED if said in seen else ():
            delattr(found[name], law)
        seen.add(said)
    return found


for _name, _laws in laws_of_all().items():
    globals()["Test" + _name.title().replace("-", "")] = _laws


class TestMadeUpPolicies:
    """What a policy states holds for any policy that the vocabulary allows, not only for ours.

    Source: DESIGN, "Ten decisions" 6 (a user's own payer is one more policy of the same kind).
    """

    @settings(max_examples=15, suppress_health_check=list(HealthCheck))
    @given(strategies.policies(parents=strategies.policies()))
    def test_the_laws_of_what_is_stated(self, policy: Policy) -> None:
        laws: Any = policy_laws(policy)()
        for name in STATED:
            getattr(laws, name)()
        laws.test_every_technique_and_guidance_is_coded_or_refused_with_a_reason()


# -- no law is vacuous: each is broken here

(SOURCE, *_) = [p for p in CPT.find("laterality.form") if isinstance(p, Provision)]


def made(*provisions: Provision) -> Policy:
    """Make a policy by hand, which may state what no file could."""
    return Policy(
        id="lawless",
        title="Lawless plan",
        payer="Nobody",
        edition=CPT.edition,
        extends=CPT,
        provisions=provisions,
    )


def broken(law: str, policy: Policy, *, reference: Reference | None = None, **instead: Any) -> str:
    """Run one law, with a part of its case exchanged; give what it says."""
    patient = settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    laws: Any = policy_laws(policy, reference=reference, settings=patient)
    for name, part in instead.items():
        setattr(laws.case, name, part)
    with pytest.raises(AssertionError, match="the law is broken") as caught:
        getattr(laws(), law)()
    return str(caught.value)


class TestLawlessPolicies:
    """A policy value that no file could make breaks a law, and the law says by which provision."""

    def test_a_fact_without_a_source(self) -> None:
        told = broken(STATED[2], made(attrs.evolve(SOURCE, citations=(), policy="lawless")))

        assert f"laterality.form ({', '.join(SOURCE.cell)}), {SOURCE.term} cites nothing" in told

    def test_a_judgement_without_a_reason(self) -> None:
        (judgement,) = CPT.find("levels.order")
        told = broken(STATED[2], made(attrs.evolve(judgement, note=" ")))  # type: ignore[arg-type]

        assert "levels.order" in told
        assert "gives no reason" in told

    def test_a_source_that_is_cited_for_other_dates(self) -> None:
        later = attrs.evolve(SOURCE.term, until=dt.date(2030, 1, 1))
        told = broken(STATED[2], made(attrs.evolve(SOURCE, term=later)))

        assert "for other dates" in told

    def test_one_source_with_two_titles(self) -> None:
        cited = tuple(attrs.evolve(c, title="Another") for c in SOURCE.citations)
        told = broken(STATED[2], made(attrs.evolve(SOURCE, citations=cited)))

        assert "as 'Another', which is" in told

    def test_a_fact_of_no_date(self) -> None:
        ever = attrs.evolve(SOURCE.term, start=None, seen=None, until=None)
        told = broken(STATED[2], made(attrs.evolve(SOURCE, term=ever)))

        assert (
            f"laterality.form ({', '.join(SOURCE.cell)}), {ever} is a fact and has neither" in told
        )

    @pytest.mark.parametrize("blank", [{"id": ""}, {"title": ""}])
    def test_a_source_without_a_name(self, blank: dict[str, str]) -> None:
        cited = tuple(attrs.evolve(c, **blank) for c in SOURCE.citations)  # type: ignore[arg-type]
        told = broken(STATED[2], made(attrs.evolve(SOURCE, citations=cited)))

        assert f"{SOURCE.term} cites a source without id or title" in told

    def test_two_values_on_one_day(self) -> None:
        policy = made(SOURCE)
        twin = attrs.evolve(SOURCE, value="rt-lt-lines")
        object.__setattr__(policy, "provisions", (SOURCE, twin))

        assert "are both in force" in broken(STATED[3], policy)
        assert "is not the answer on" in broken(STATED[1], policy)
        assert "unanswered" in broken(STATED[0], policy)

    def test_a_provision_that_answers_too_early(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen = attrs.evolve(SOURCE.term, start=None, seen=dt.date(2026, 1, 1), until=None)
        policy = made(attrs.evolve(SOURCE, term=seen, policy="lawless"))
        honest = Policy.get

        def early(self: Policy, key: str, *, on: dt.date, **cell: str) -> object:
            return honest(self, key, on=max(on, dt.date(2026, 1, 1)), **cell)

        monkeypatch.setattr(Policy, "get", early)

        assert "is still the answer on 2025-12-31" in broken(STATED[1], policy)
        assert "is the answer on 2025-12-31 too" in broken(STATED[0], policy)

    def test_what_was_only_seen_answered_by_the_parent(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = attrs.evolve(SOURCE.term, start=None, seen=dt.date(2026, 1, 1), until=None)
        policy = made(attrs.evolve(SOURCE, term=seen, policy="lawless"))
        honest = Policy.get

        def parent(self: Policy, key: str, *, on: dt.date, **cell: str) -> object:
            return honest(self if on >= dt.date(2026, 1, 1) else CPT, key, on=on, **cell)

        monkeypatch.setattr(Policy, "get", parent)

        assert "the day before is answered by laterality.form" in broken(STATED[1], policy)

    def test_changes_that_leave_one_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Policy, "changes", lambda *_, **__: ())

        assert "is no change" in broken(STATED[0], CPT)

    @pytest.mark.usefixtures("small_space")
    def test_a_reference_whose_add_on_has_another_primary(self) -> None:
        known = packaged()
        code = "64494"
        links = tuple(link for link in known.procedure(code).primaries if link.primary != "64493")
        lawless = attrs.evolve(
            known,
            procedures=tuple(
                attrs.evolve(p, primaries=links) if p.code == code else p for p in known.procedures
            ),
        )
        told = broken(ENUMERATED[0], CPT, reference=lawless)

        assert "64494" in told
        assert "has none of 64490 before it" in told


@pytest.fixture
def small_space(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enumerate two lumbar joints: enough to be caught by."""
    lumbar = testing._lumbar_space()
    small = tuple(shape for shape in lumbar if {*shape[0]} <= {Joint.L4_L5, Joint.L5_S1})
    monkeypatch.setattr(testing, "_lumbar_space", lambda: small)


ONE = Coder(CPT)
FOUND_RIGHT = "test_coded_lines_draw_no_finding_of_coding_edit_or_form"


class Stub:
    """A coder that answers as one does, and then does wrong."""

    def __init__(self, policy: Policy, wrong: Callable[[Session, Any], Any]) -> None:
        self.coder = Coder(policy)
        self.wrong = wrong

    def code(self, session: Session) -> Coded | Refusal:
        answer: Coded | Refusal = self.wrong(session, self.coder.code(session))
        return answer


def on_lines(
    change: Callable[[tuple[ClaimLine, ...]], tuple[ClaimLine, ...]],
) -> Callable[[Session, Coded | Refusal], Coded | Refusal]:
    """Do wrong to the lines of what is coded."""

    def wrong(_: Session, answer: Coded | Refusal) -> Coded | Refusal:
        if isinstance(answer, Refusal):
            return answer
        return attrs.evolve(
            answer, claim=attrs.evolve(answer.claim, lines=change(answer.claim.lines))
        )

    return wrong


def each_line(change: Callable[[ClaimLine], ClaimLine]) -> Callable[..., Any]:
    return on_lines(lambda lines: tuple(map(change, lines)))


def turned_modifiers(line: ClaimLine) -> ClaimLine:
    return attrs.evolve(line, modifiers=line.modifiers[::-1])


def without_kx(line: ClaimLine) -> ClaimLine:
    return attrs.evolve(line, modifiers=tuple(m for m in line.modifiers if m != "KX"))


def two_units(line: ClaimLine) -> ClaimLine:
    if "50" not in line.modifiers:
        return line
    kept = tuple(m for m in line.modifiers if m != "50")
    return attrs.evolve(line, modifiers=kept, units=2)


def right_is_left(line: ClaimLine) -> ClaimLine:
    return attrs.evolve(line, modifiers=tuple("LT" if m == "RT" else m for m in line.modifiers))


def first_target_alone(session: Session, answer: Coded | Refusal) -> Coded | Refusal:
    treatment = session.treatments[0]
    if len(treatment.targets) > 1:
        lone = attrs.evolve(treatment, targets=treatment.targets[:1])
        return ONE.code(attrs.evolve(session, treatments=(lone,)))
    return answer


def silent(_: Session, answer: Coded | Refusal) -> Coded | Refusal:
    return attrs.evolve(answer, message="") if isinstance(answer, Refusal) else answer


def unreasoned(_: Session, answer: Coded | Refusal) -> Coded | Refusal:
    if isinstance(answer, Refusal):
        return answer
    return attrs.evolve(answer, why=tuple(attrs.evolve(w, provisions=()) for w in answer.why))


def unexplained(_: Session, answer: Coded | Refusal) -> Coded | Refusal:
    return answer if isinstance(answer, Refusal) else attrs.evolve(answer, why=answer.why[1:])


def foreign(_: Session, answer: Coded | Refusal) -> Coded | Refusal:
    if isinstance(answer, Refusal):
        return answer
    other = attrs.evolve(SOURCE, value="plain-then-50")
    return attrs.evolve(answer, why=tuple(attrs.evolve(w, provisions=(other,)) for w in answer.why))


def empty_instead(_: Session, answer: Coded | Refusal) -> Coded | Refusal:
    if isinstance(answer, Coded):
        return answer
    return attrs.evolve(answer, instead=(), citations=())


@pytest.mark.usefixtures("small_space")
class TestLawlessCoding:
    """Coding that does wrong breaks a law, and the law tells the session and the lines."""

    @pytest.mark.parametrize(
        ("law", "policy", "wrong", "says"),
        [
            (ENUMERATED[0], CPT, on_lines(lambda lines: lines[::-1]), "before it"),
            (ENUMERATED[1], CPT, each_line(two_units), "the policy wants primary as one-line-50"),
            (ENUMERATED[2], CPT, on_lines(lambda lines: lines[:1]), "in no line"),
            (ENUMERATED[2], CPT, each_line(right_is_left), "was treated"),
            (ENUMERATED[3], CPT, each_line(right_is_left), "with its sides exchanged"),
            (ENUMERATED[4], MEDICARE, each_line(turned_modifiers), "the order is payment"),
            (ENUMERATED[5], MEDICARE, each_line(without_kx), "modifier.diagnostic is KX"),
            (ENUMERATED[6], CPT, first_target_alone, "with its targets in another order"),
            (FOUND_RIGHT, CPT, on_lines(lambda lines: lines[1:]), "draws error addon-without"),
            (
                "test_any_session_draws_no_finding_of_coding_edit_or_form",
                CPT,
                on_lines(lambda lines: lines[1:]),
                "draws error addon-without",
            ),
            (
                "test_every_technique_and_guidance_is_coded_or_refused_with_a_reason",
                CPT,
                silent,
                "refused without a reason",
            ),
            (
                "test_every_technique_and_guidance_is_coded_or_refused_with_a_reason",
                CPT,
                empty_instead,
                "leaves out what the policy cites",
            ),
            ("test_any_session_is_coded_or_refused", CPT, silent, "without a reason"),
            ("test_any_session_is_coded_or_refused", CPT, unreasoned, "has no provision"),
            (
                "test_any_session_is_coded_or_refused",
                CPT,
                unexplained,
                "not each line is explained",
            ),
            ("test_any_session_is_coded_or_refused", CPT, foreign, "not what the policy answers"),
            (
                "test_any_session_keeps_add_ons_behind_primaries",
                CPT,
                on_lines(lambda lines: lines[::-1]),
                "before it",
            ),
            (
                "test_any_session_turned_or_mirrored_is_coded_alike",
                CPT,
                each_line(right_is_left),
                "with its sides exchanged",
            ),
            (
                "test_any_session_is_written_as_json_and_read_back",
                CPT,
                each_line(lambda line: attrs.evolve(line, code=f" {line.code}")),
                "the claim is another after JSON",
            ),
            (
                "test_any_session_has_the_same_answer_from_a_pickled_copy",
                CPT,
                on_lines(lambda lines: lines[:0]),
                "the pickled copy answers otherwise",
            ),
        ],
        ids=lambda value: value if isinstance(value, str) else getattr(value, "id", "wrong"),
    )
    def test_each_law(self, law: str, policy: Policy, wrong: Callable[..., Any], says: str) -> None:
        assert says in broken(law, policy, coder=Stub(policy, wrong), pickled=Coder(policy))

    def test_a_session_that_raises(self) -> None:
        def wrong(_: Session, __: object) -> Coded:
            message = "no such joint"
            raise LookupError(message)

        laws: Any = policy_laws(CPT)
        laws.case.coder = Stub(CPT, wrong)
        with pytest.raises(LookupError):
            laws().test_any_session_is_coded_or_refused()

    def test_every_law_was_broken(self) -> None:
        """So that a new law comes with a case that breaks it."""
        laws = {name for name in vars(policy_laws(CPT)) if name.startswith("test_")}
        sampled = {name for name in laws if name.startswith("test_any_session")}
        table = "test_every_technique_and_guidance_is_coded_or_refused_with_a_reason"

        assert laws - sampled == {*ENUMERATED, *STATED, table, FOUND_RIGHT}
        assert len(sampled) == 7

    def test_a_repair_that_goes_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        honest = repair_claim

        def doubled(claim: Claim, **given: Any) -> Repaired:
            more = attrs.evolve(claim, lines=claim.lines * 2)
            return attrs.evolve(honest(claim, **given), claim=more)

        monkeypatch.setattr(testing, "repair_claim", doubled)

        assert "is mended again" in broken("test_any_session_is_repaired_once", CPT)

    def test_a_repair_that_adds_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        honest = repair_claim

        def worse(claim: Claim, **given: Any) -> Repaired:
            lines = (ClaimLine(code="64494"),)
            return honest(attrs.evolve(claim, lines=lines), **given)

        monkeypatch.setattr(testing, "repair_claim", worse)

        assert "after it was mended" in broken("test_any_session_is_repaired_once", CPT)

    def test_no_patient_is_named(self) -> None:
        told = broken("test_any_session_is_coded_or_refused", CPT, coder=Stub(CPT, unreasoned))

        assert "id=" not in told
        assert told.count("\n") <= 7


class TestUse:
    """The class is for pytest: its laws are methods, and each says its requirement and source."""

    def test_each_law_says_what_must_hold_and_why(self) -> None:
        laws = vars(policy_laws(CPT))

        for name, law in laws.items():
            if name.startswith("test_"):
                assert "Source:" in law.__doc__, name

    def test_the_policy_is_a_value(self) -> None:
        with pytest.raises(TypeError, match="not its id"):
            policy_laws("cpt")  # type: ignore[arg-type]

    def test_primaries_of_the_policy_count(self) -> None:
        """T12-L1 with L1-L2 is lawful under Medicare by its own provision alone, for ablation."""
        on = dt.date(2026, 3, 2)
        edits = functools.partial(allowed_primaries, "64636", on=on)

        assert "64633" not in edits()
        assert "64633" in edits(policy=MEDICARE)
