"""The law suite for policy files: every packaged policy obeys it, and whatever is lawless breaks it."""

import datetime as dt
import functools
import itertools
from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cptfacet import policies, strategies, testing
from cptfacet.addons import allowed_primaries
from cptfacet.anatomy import Joint, Nerve, Side
from cptfacet.claims import Claim, ClaimLine, ClaimType, Purpose
from cptfacet.coding import CodedSession, Coder, Note, NoteId, Reason, Refusal
from cptfacet.decoding import DecodedClaim, Decoder
from cptfacet.modifiers import ModifierKind, ModifierRole
from cptfacet.policies import DIMENSIONS, KEYS, ChangeKind, Key, NotKnown, Policy, Provision
from cptfacet.procedures import Family, ProcedureKind
from cptfacet.reference import Reference, packaged
from cptfacet.repairing import RepairedClaim, repair_claim
from cptfacet.sessions import Guidance, Session, Target, Technique, TreatedNerve, Treatment
from cptfacet.testing import policy_laws

CPT, MEDICARE = policies.get("cpt"), policies.get("medicare")
quick = settings(max_examples=5, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
ENUMERATED = (
    "test_every_add_on_follows_its_primary",
    "test_bilateral_levels_use_the_laterality_format_of_the_policy",
    "test_coding_drops_no_level_and_its_lines_decode",
    "test_mirrored_sides_give_mirrored_lines",
    "test_modifiers_follow_the_order_of_the_policy",
    "test_the_diagnostic_modifier_is_where_the_policy_requires_it",
    "test_the_order_of_targets_changes_nothing",
)
STATED = (
    "test_changes_and_answers_agree",
    "test_every_provision_answers_on_its_own_days_only",
    "test_every_provision_resolves_its_citations",
    "test_no_two_provisions_of_a_cell_overlap",
)


# -- every packaged policy

DAYS = sorted({day for name in policies.ids() for day in policies.get(name).turning_days()})
ADD_ONS = tuple(p.code for p in packaged().find_procedures(kind=ProcedureKind.FACET) if p.add_on)


def said_of_lines(policy: Policy) -> tuple[object, ...]:
    """Return every value of a policy that shapes lines, on each day on which any policy changes."""
    of_lines = [
        key
        for key in KEYS.values()
        if key.shapes_lines
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


class Borrowing:
    """The case of a policy that takes the enumerated sessions of one that answers alike on lines."""

    def __init__(self, own: object, lender: object) -> None:
        self.own = own
        self.lender = lender

    def __getattr__(self, name: str) -> object:
        return getattr(self.lender if name == "enumerated" else self.own, name)


def laws_of_all() -> dict[str, type]:
    """Make the laws of each policy; lines are enumerated once where policies answer alike on them.

    They do if they state the same about lines and code each family by the same method. Then only
    what a checker finds in these lines depends on the policy. Those that share sessions are tested
    one after another, since a case remembers only the sessions enumerated last.
    """
    found: dict[str, type] = {}
    seen: dict[object, str] = {}
    lenders: dict[str, str] = {}
    for name in ("cpt", "commercial", "medicare", *policies.ids()):
        if name in found:
            continue
        policy = policies.get(name)
        laws: Any = policy_laws(policy, settings=quick)
        methods = tuple(tuple(laws.case.methods(day).items()) for day in DAYS)
        first = seen.setdefault((said_of_lines(policy), methods), name)
        lenders[name] = first
        if first != name:
            laws.case = Borrowing(laws.case, found[first].case)  # type: ignore[attr-defined]
            for law in ENUMERATED:
                delattr(laws, law)
        found[name] = laws
    places = {name: place for place, name in enumerate(found)}
    return {name: found[name] for name in sorted(found, key=lambda n: places[lenders[n]])}


for _name, _laws in laws_of_all().items():
    globals()["Test" + _name.title().replace("-", "")] = _laws


class TestMadeUpPolicies:
    """What a policy states holds for any policy that the vocabulary allows, not only for ours.

    Source: docs/design.md, decision 6 (a user's own payer is one more policy of the same kind).
    """

    @settings(max_examples=15, suppress_health_check=list(HealthCheck))
    @given(strategies.policies(parents=strategies.policies()))
    def test_the_laws_of_what_is_stated(self, policy: Policy) -> None:
        laws: Any = policy_laws(policy)()
        for name in STATED:
            getattr(laws, name)()
        laws.test_every_technique_and_guidance_is_coded_or_refused_with_a_reason()


# -- no law is vacuous: each is broken here

(SOURCE, *_) = [p for p in CPT.find("laterality.format") if isinstance(p, Provision)]


def made(*provisions: Provision) -> Policy:
    """Make a policy by hand, which may state what no file could."""
    return Policy(
        id="lawless",
        title="Lawless plan",
        payer="Nobody",
        revised=CPT.revised,
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

        assert f"laterality.format ({', '.join(SOURCE.cell)}), {SOURCE.term} cites nothing" in told

    def test_a_judgment_without_a_reason(self) -> None:
        (judgment,) = CPT.find("levels.order")
        told = broken(STATED[2], made(attrs.evolve(judgment, rationale=" ")))  # type: ignore[arg-type]

        assert "levels.order" in told
        assert "but has no rationale" in told

    def test_a_source_that_is_cited_for_other_dates(self) -> None:
        later = attrs.evolve(SOURCE.term, until=dt.date(2030, 1, 1))
        told = broken(STATED[2], made(attrs.evolve(SOURCE, term=later)))

        assert "for other dates" in told

    def test_one_source_with_two_titles(self) -> None:
        cited = tuple(attrs.evolve(c, title="Another") for c in SOURCE.citations)
        told = broken(STATED[2], made(attrs.evolve(SOURCE, citations=cited)))

        assert "as 'Another', but its title is" in told

    def test_a_fact_of_no_date(self) -> None:
        ever = attrs.evolve(SOURCE.term, start=None, seen=None, until=None)
        told = broken(STATED[2], made(attrs.evolve(SOURCE, term=ever)))

        assert (
            f"laterality.format ({', '.join(SOURCE.cell)}), {ever} is a fact but has neither"
            in told
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
        assert "but is not the answer" in broken(STATED[0], policy)

    def test_a_provision_that_answers_too_early(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen = attrs.evolve(SOURCE.term, start=None, seen=dt.date(2026, 1, 1), until=None)
        policy = made(attrs.evolve(SOURCE, term=seen, policy="lawless"))
        honest = Policy._answer

        def early(self: Policy, key: str, cell: tuple[str, ...], on: dt.date) -> object:
            return honest(self, key, cell, max(on, dt.date(2026, 1, 1)))

        monkeypatch.setattr(Policy, "_answer", early)

        assert "is still the answer on 2025-12-31" in broken(STATED[1], policy)
        assert "is also the answer on 2025-12-31" in broken(STATED[0], policy)

    def test_what_was_only_seen_answered_by_the_parent(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen = attrs.evolve(SOURCE.term, start=None, seen=dt.date(2026, 1, 1), until=None)
        policy = made(attrs.evolve(SOURCE, term=seen, policy="lawless"))
        honest = Policy._answer

        def parent(self: Policy, key: str, cell: tuple[str, ...], on: dt.date) -> object:
            return honest(self if on >= dt.date(2026, 1, 1) else CPT, key, cell, on)

        monkeypatch.setattr(Policy, "_answer", parent)

        assert "the answer on the day before is laterality.format" in broken(STATED[1], policy)

    def test_changes_that_leave_one_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Policy, "changes", lambda *_, **__: ())

        assert "is not listed as a change" in broken(STATED[0], CPT)

    @pytest.mark.usefixtures("small_space")
    def test_a_reference_whose_add_on_has_another_primary(self) -> None:
        known = packaged()
        code = "64494"
        links = tuple(
            link for link in known.get_procedure(code).primaries if link.primary != "64493"
        )
        lawless = known.with_tables(
            procedures=tuple(
                attrs.evolve(p, primaries=links) if p.code == code else p for p in known.procedures
            ),
        )
        told = broken(ENUMERATED[0], CPT, reference=lawless)

        assert "64494" in told
        assert "is not preceded by 64490" in told


@pytest.fixture
def small_space(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enumerate two lumbar joints: enough to be caught by."""
    lumbar = testing._lumbar_space()
    small = tuple(shape for shape in lumbar if {*shape[0]} <= {Joint.L4_L5, Joint.L5_S1})
    monkeypatch.setattr(testing, "_lumbar_space", lambda: small)


ONE = Coder(CPT)
FOUND_RIGHT = "test_coded_lines_have_no_coding_edit_or_form_finding"


class Stub:
    """A coder that answers as one does, and then does wrong."""

    def __init__(self, policy: Policy, wrong: Callable[[Session, Any], Any]) -> None:
        self.coder = Coder(policy)
        self.wrong = wrong

    def code(self, session: Session) -> CodedSession | Refusal:
        answer: CodedSession | Refusal = self.wrong(session, self.coder.code(session))
        return answer


def on_lines(
    change: Callable[[tuple[ClaimLine, ...]], tuple[ClaimLine, ...]],
) -> Callable[[Session, CodedSession | Refusal], CodedSession | Refusal]:
    """Do wrong to the lines of what is coded."""

    def wrong(_: Session, answer: CodedSession | Refusal) -> CodedSession | Refusal:
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


def first_target_alone(session: Session, answer: CodedSession | Refusal) -> CodedSession | Refusal:
    treatment = session.treatments[0]
    if len(treatment.targets) > 1:
        lone = attrs.evolve(treatment, targets=treatment.targets[:1])
        return ONE.code(attrs.evolve(session, treatments=(lone,)))
    return answer


def silent(_: Session, answer: CodedSession | Refusal) -> CodedSession | Refusal:
    return attrs.evolve(answer, message="") if isinstance(answer, Refusal) else answer


def unreasoned(_: Session, answer: CodedSession | Refusal) -> CodedSession | Refusal:
    if isinstance(answer, Refusal):
        return answer
    return attrs.evolve(answer, why=tuple(attrs.evolve(w, provisions=()) for w in answer.why))


def unexplained(_: Session, answer: CodedSession | Refusal) -> CodedSession | Refusal:
    return answer if isinstance(answer, Refusal) else attrs.evolve(answer, why=answer.why[1:])


def foreign(_: Session, answer: CodedSession | Refusal) -> CodedSession | Refusal:
    if isinstance(answer, Refusal):
        return answer
    other = attrs.evolve(SOURCE, value="plain-then-50")
    return attrs.evolve(answer, why=tuple(attrs.evolve(w, provisions=(other,)) for w in answer.why))


def empty_instead(_: Session, answer: CodedSession | Refusal) -> CodedSession | Refusal:
    if isinstance(answer, CodedSession):
        return answer
    return attrs.evolve(answer, instead=(), citations=())


@pytest.mark.usefixtures("small_space")
class TestLawlessCoding:
    """Coding that does wrong breaks a law, and the law tells the session and the lines."""

    @pytest.mark.parametrize(
        ("law", "policy", "wrong", "says"),
        [
            (ENUMERATED[0], CPT, on_lines(lambda lines: lines[::-1]), "is not preceded by"),
            (ENUMERATED[1], CPT, each_line(two_units), "the policy wants primary as one-line-50"),
            (ENUMERATED[2], CPT, on_lines(lambda lines: lines[:1]), "no line reports"),
            (ENUMERATED[2], CPT, each_line(right_is_left), "was treated"),
            (ENUMERATED[3], CPT, each_line(right_is_left), "with left and right swapped"),
            (ENUMERATED[4], MEDICARE, each_line(turned_modifiers), "the order is payment"),
            (ENUMERATED[5], MEDICARE, each_line(without_kx), "modifier.diagnostic is KX"),
            (ENUMERATED[6], CPT, first_target_alone, "with its targets in another order"),
            (FOUND_RIGHT, CPT, on_lines(lambda lines: lines[1:]), "error addon-without"),
            (
                "test_any_session_has_no_coding_edit_or_form_finding",
                CPT,
                on_lines(lambda lines: lines[1:]),
                "error addon-without",
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
                "omits a source that the policy cites",
            ),
            ("test_any_session_is_coded_or_refused", CPT, silent, "without a reason"),
            ("test_any_session_is_coded_or_refused", CPT, unreasoned, "no provision"),
            (
                "test_any_session_is_coded_or_refused",
                CPT,
                unexplained,
                "not every line is explained",
            ),
            ("test_any_session_is_coded_or_refused", CPT, foreign, "not the policy's answer"),
            (
                "test_any_session_has_add_ons_after_their_primaries",
                CPT,
                on_lines(lambda lines: lines[::-1]),
                "is not preceded by",
            ),
            (
                "test_any_session_reordered_or_mirrored_is_coded_alike",
                CPT,
                each_line(right_is_left),
                "with left and right swapped",
            ),
            (
                "test_any_session_is_written_as_json_and_read_back",
                CPT,
                each_line(lambda line: attrs.evolve(line, code=f" {line.code}")),
                "the claim changes in a round trip through JSON",
            ),
            (
                "test_any_session_has_the_same_answer_from_a_pickled_copy",
                CPT,
                on_lines(lambda lines: lines[:0]),
                "the pickled copy answers differently",
            ),
        ],
        ids=lambda value: value if isinstance(value, str) else getattr(value, "id", "wrong"),
    )
    def test_each_law(self, law: str, policy: Policy, wrong: Callable[..., Any], says: str) -> None:
        assert says in broken(law, policy, coder=Stub(policy, wrong), pickled=Coder(policy))

    def test_a_session_that_raises(self) -> None:
        def wrong(_: Session, __: object) -> CodedSession:
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

        def doubled(claim: Claim, **given: Any) -> RepairedClaim:
            more = attrs.evolve(claim, lines=claim.lines * 2)
            return attrs.evolve(honest(claim, **given), claim=more)

        monkeypatch.setattr(testing, "repair_claim", doubled)

        assert "is changed again by a second repair" in broken(
            "test_any_session_is_repaired_once", CPT
        )

    def test_a_repair_that_adds_an_error(self, monkeypatch: pytest.MonkeyPatch) -> None:
        honest = repair_claim

        def worse(claim: Claim, **given: Any) -> RepairedClaim:
            lines = (ClaimLine(code="64494"),)
            return honest(attrs.evolve(claim, lines=lines), **given)

        monkeypatch.setattr(testing, "repair_claim", worse)

        assert "only after the repair" in broken("test_any_session_is_repaired_once", CPT)

    def test_no_patient_is_named(self) -> None:
        told = broken("test_any_session_is_coded_or_refused", CPT, coder=Stub(CPT, unreasoned))

        assert "id=" not in told
        assert told.count("\n") <= 7


# -- what a broken law says, word for word

ON = dt.date(2026, 3, 2)
L3, L4, L5 = Joint.L3_L4, Joint.L4_L5, Joint.L5_S1
LEFT, RIGHT, BOTH = Side.LEFT, Side.RIGHT, Side.BILATERAL
AT = "  - 2026-03-02, professional: intra-articular-injection, fluoroscopy, diagnostic at "


def treated(*targets: Target, technique: str = "intra-articular-injection") -> Treatment:
    return Treatment(
        technique=Technique(technique),
        guidance=Guidance.FLUOROSCOPY,
        purpose=Purpose.DIAGNOSTIC,
        targets=targets,
    )


def held(*targets: Target, diagnoses: tuple[str, ...] = ()) -> Session:
    return Session(
        date=ON,
        treatments=(treated(*targets),),
        claim_type=ClaimType.PROFESSIONAL,
        diagnoses=diagnoses,
    )


def at(joint: Joint, side: Side | None = None) -> Target:
    return Target(joint=joint, side=side)


THREE = held(at(L3, LEFT), at(L4, RIGHT), at(L5, BOTH))
THREE_SHOWN = f"{AT}L3-L4:left, L4-L5:right, L5-S1:bilateral"
REFUSED = Refusal(reason=Reason.NOT_KNOWN, message="Not known.")


def asked(
    law: str,
    session: Session,
    *,
    policy: Policy = CPT,
    reference: Reference | None = None,
    **instead: Any,
) -> None:
    """Hold one session to a law of any session, with a part of the case exchanged."""
    laws: Any = policy_laws(policy, reference=reference)
    for name, part in instead.items():
        setattr(laws.case, name, part)
    getattr(laws, f"test_any_session_{law}").hypothesis.inner_test(laws(), session)


def told(law: str, session: Session, *, policy: Policy = CPT, **instead: Any) -> list[str]:
    """List the lines that a broken law of any session prints."""
    with pytest.raises(AssertionError) as caught:
        asked(law, session, policy=policy, **instead)
    first, *lines = str(caught.value).split("\n")
    assert first == "the law is broken:"
    return lines


class TestAnySession:
    """What the laws of any session say of one session, and that they pass what is lawful."""

    def test_all_of_a_session_is_shown(self) -> None:
        """Sides, guidance, purpose and claim type are named, or said not to be stated."""
        bare = Treatment(
            technique=Technique.MEDIAL_BRANCH_BLOCK,
            nerves=(
                TreatedNerve(nerve=Nerve.L3, side=RIGHT),
                TreatedNerve(nerve=Nerve.L4),
            ),
            targets=(at(L4), at(L5, LEFT)),
        )
        empty = Treatment(
            technique=Technique.CRYOABLATION, guidance=Guidance.CT, purpose=Purpose.THERAPEUTIC
        )
        silent_ = Stub(CPT, lambda _, __: attrs.evolve(REFUSED, message=" "))

        assert told(
            "is_coded_or_refused", Session(date=ON, treatments=(bare, empty)), coder=silent_
        ) == [
            (
                "  - 2026-03-02, claim type not stated: medial-branch-block, guidance not stated,"
                " purpose not stated at L4-L5:side not stated, L5-S1:left, nerve L3:right,"
                " nerve L4:side not stated; cryoablation, ct, therapeutic at no level: refused without"
                " a reason"
            )
        ]
        assert told("is_coded_or_refused", held(at(L4, LEFT)), coder=silent_) == [
            f"{AT}L4-L5:left: refused without a reason"
        ]

    def test_a_part_whose_refusal_is_not_told(self) -> None:
        def mute(_: Session, answer: CodedSession) -> CodedSession:
            return attrs.evolve(answer, notes=(Note(id=NoteId.REFUSED, message="Refused."),))

        assert told("is_coded_or_refused", THREE, coder=Stub(CPT, mute)) == [
            f"{THREE_SHOWN}: part of it is refused, but the note has no refusal"
        ]

    def test_lines_that_are_not_explained(self) -> None:
        def wrong(_: Session, answer: CodedSession) -> CodedSession:
            second, third = answer.why[1:]
            other = attrs.evolve(SOURCE, value="plain-then-50")
            return attrs.evolve(
                answer,
                why=(attrs.evolve(second, provisions=()), attrs.evolve(third, provisions=(other,))),
            )

        assert told("is_coded_or_refused", THREE, coder=Stub(CPT, wrong)) == [
            f"{THREE_SHOWN}: not every line is explained exactly once",
            f"{THREE_SHOWN}: 64494-LT x1 is explained by no provision or no joint",
            (
                f"{THREE_SHOWN}: 64495-RT x1 cites laterality.format ({', '.join(SOURCE.cell)}),"
                f" {SOURCE.term}, which is not the policy's answer on that day"
            ),
        ]

    def test_the_other_order_and_the_other_sides_are_asked_for(self) -> None:
        """Of targets and of nerves, in each treatment."""
        nerves = tuple(
            TreatedNerve(nerve=nerve, side=side)
            for nerve, side in ((Nerve.L3, LEFT), (Nerve.L4, RIGHT), (Nerve.L2, None))
        )
        session = attrs.evolve(
            THREE, treatments=(attrs.evolve(THREE.treatments[0], nerves=nerves),)
        )
        (treatment,) = session.treatments
        heard: list[Session] = []

        def listen(given: Session, answer: CodedSession) -> CodedSession | Refusal:
            heard.append(given)
            return answer

        asked("reordered_or_mirrored_is_coded_alike", THREE)
        asked("reordered_or_mirrored_is_coded_alike", session, coder=Stub(CPT, listen))
        turned, mirrored = (
            attrs.evolve(session, treatments=(attrs.evolve(treatment, targets=t, nerves=n),))
            for t, n in (
                (treatment.targets[::-1], nerves[::-1]),
                (
                    (at(L3, RIGHT), at(L4, LEFT), at(L5, BOTH)),
                    tuple(
                        TreatedNerve(nerve=nerve, side=side)
                        for nerve, side in ((Nerve.L3, RIGHT), (Nerve.L4, LEFT), (Nerve.L2, None))
                    ),
                ),
            )
        )

        assert heard == [session, turned, mirrored]

    def test_coded_otherwise_when_turned_or_mirrored(self) -> None:
        def wrong(given: Session, answer: CodedSession) -> CodedSession | Refusal:
            first, *_ = given.treatments[0].targets
            if first == at(L5, BOTH):
                return REFUSED
            return answer if first.side is LEFT else on_lines(lambda _: ())(given, answer)

        coded = "64493-50 x1, 64494-LT x1, 64495-RT x1"

        assert told("reordered_or_mirrored_is_coded_alike", THREE, coder=Stub(CPT, wrong)) == [
            (
                f"{THREE_SHOWN}: coded as {coded}, but with its targets in another order as a refusal"
                " (not-known)"
            ),
            f"{THREE_SHOWN}: coded as {coded}, but with left and right swapped as no line",
        ]

    def test_findings_on_lines(self) -> None:
        """Those that the session beside them draws count; what it states of itself does not."""
        law = "has_no_coding_edit_or_form_finding"
        lines = told(law, held(at(L4, RIGHT)), coder=Stub(CPT, each_line(right_is_left)))
        second = ClaimLine(code="64635", modifiers=("RT",))
        pair = told(law, held(at(L4, RIGHT)), coder=Stub(CPT, on_lines(lambda x: (*x, second))))
        both = attrs.evolve(
            THREE,
            treatments=(
                treated(at(L3, LEFT)),
                treated(at(L5, LEFT), technique="thermal-radiofrequency-ablation"),
            ),
        )

        assert lines
        assert all(line.startswith(f"{AT}L4-L5:right: 64493-LT x1: error ") for line in lines)
        assert pair == [
            (
                f"{AT}L4-L5:right: 64493-RT x1, 64635-RT x1: error technique-differs: 64635:"
                " billed as an ablation, but the note documents only intra-articular injection"
            )
        ]
        other = Note(id=NoteId.JUDGMENT, message="Another note.")
        unnamed = Stub(MEDICARE, lambda _, answer: attrs.evolve(answer, notes=(other,)))
        (paired,) = told(law, both, policy=MEDICARE, coder=unnamed)

        assert "64635-LT x1, 64493-LT-KX x1: error pair-without-modifier: 64493 " in paired
        for policy in (CPT, MEDICARE):
            asked(law, both, policy=policy)
            asked(law, THREE, policy=policy)
            asked(law, held(at(L4, LEFT), diagnoses=("nonsense", "M47.816")), policy=policy)

    def test_what_is_repaired_is_all_but_the_first_line(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        honest, given = repair_claim, list[tuple[str, object]]()

        def repair(claim: Claim, **how: Any) -> RepairedClaim:
            given.append((" ".join(line.code for line in claim.lines), how["reference"]))
            return honest(claim, **how)

        monkeypatch.setattr(testing, "repair_claim", repair)
        known = attrs.evolve(packaged())
        asked("is_repaired_once", THREE, reference=known)

        assert given[0] == ("64494 64495", known)
        assert [reference is known for _, reference in given] == [True, True]

    def test_add_ons_behind_their_primaries(self) -> None:
        law = "has_add_ons_after_their_primaries"
        asked(law, THREE)
        ablation = attrs.evolve(
            THREE,
            treatments=(
                treated(at(L4, LEFT), at(L5, LEFT), technique="thermal-radiofrequency-ablation"),
            ),
        )
        asked(law, ablation, policy=MEDICARE)
        backwards = Stub(MEDICARE, on_lines(lambda lines: lines[::-1]))

        assert told(law, ablation, policy=MEDICARE, coder=backwards) == [
            (
                "  - 2026-03-02, professional: thermal-radiofrequency-ablation, fluoroscopy, diagnostic"
                " at L4-L5:left, L5-S1:left: 64636-LT x1 is not preceded by 64635 or 64633:"
                " 64636-LT x1, 64635-LT x1"
            )
        ]

    def test_another_session_after_json(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(testing, "read", lambda *_: None)

        assert told("is_written_as_json_and_read_back", THREE) == [
            f"{THREE_SHOWN}: the session changes in a round trip through JSON",
            f"{THREE_SHOWN}: the claim changes in a round trip through JSON",
        ]

    def test_another_policy_after_pickling(self) -> None:
        law = "has_the_same_answer_from_a_pickled_copy"

        assert told(law, held(at(L4, LEFT)), pickled=Coder(MEDICARE)) == [
            "  - the pickled policy is not equal to the policy",
            f"{AT}L4-L5:left: the pickled copy answers differently",
        ]
        asked(law, THREE)

    def test_what_pickles_to_something_else(self) -> None:
        case: Any = policy_laws(CPT).case  # type: ignore[attr-defined]

        assert case.pickled.policy == CPT
        assert case.pickled is not case.coder
        case.coder, case.pickled = Unpickled(), None
        del case.pickled
        with pytest.raises(AssertionError, match=r"^the pickled coder did not load as a Coder$"):
            _ = case.pickled


class Unpickled:
    """What becomes a string when it is pickled."""

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, ("",)


class TestOneShape:
    """What the enumerated laws say of one shape on one day."""

    def told(
        self,
        monkeypatch: pytest.MonkeyPatch,
        law: str,
        *targets: Target,
        wrong: Callable[..., Any] = lambda _, answer: answer,
        policy: Policy = CPT,
        technique: str = "intra-articular-injection",
        **instead: Any,
    ) -> list[str]:
        """Enumerate one shape and what mirrors it, for one family; give what a law says of it."""
        shapes = [
            (
                {t.joint: t.side.mirrored if turn and t.side else t.side for t in targets},
                Purpose.DIAGNOSTIC,
            )
            for turn in (False, True)
        ]
        monkeypatch.setattr(testing, "_lumbar_space", lambda: shapes)
        monkeypatch.setattr(testing, "_junction_space", lambda: ())
        if law in (*ENUMERATED, FOUND_RIGHT):
            monkeypatch.setattr(testing, "ClaimType", [ClaimType.PROFESSIONAL])
        family = (
            Family.ABLATION if technique.endswith("ablation") else Family.IMAGE_GUIDED_INJECTION
        )
        method = Technique(technique), Guidance.FLUOROSCOPY
        laws: Any = policy_laws(policy)
        given = {"days": [ON], "methods": lambda _: {family: method}, "coder": Stub(policy, wrong)}
        for name, part in {**given, **instead}.items():
            setattr(laws.case, name, part)
        try:
            getattr(laws(), law)()
        except AssertionError as caught:
            first, *lines = str(caught).split("\n")
            assert first == "the law is broken:"
            return lines
        return []

    def test_levels_that_are_in_no_line(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tell = functools.partial(self.told, monkeypatch, ENUMERATED[2])
        targets = at(L3, LEFT), at(L4, LEFT), at(L5, LEFT)
        shown = f"{AT}L3-L4:left, L4-L5:left, L5-S1:left"
        left_out = on_lines(lambda lines: lines[:1])
        partly = Note(id=NoteId.REFUSED, message="Refused.", refusal=REFUSED)

        def said(session: Session, answer: CodedSession) -> CodedSession | Refusal:
            return left_out(session, attrs.evolve(answer, notes=(partly,)))

        def first_left_out(session: Session, answer: CodedSession) -> CodedSession | Refusal:
            lines = (attrs.evolve(answer.claim.lines[1], modifiers=("50",)),)
            return on_lines(lambda _: lines)(session, attrs.evolve(answer, notes=(partly,)))

        assert tell(*targets) == []
        assert tell(*targets, wrong=left_out)[0] == (
            f"{shown}: 64493-LT x1: no line reports the level second, third-and-more, and nothing is"
            " refused"
        )
        assert tell(*targets, wrong=said) == []
        assert tell(*targets, wrong=lambda _, __: REFUSED) == []
        assert any("64494 is decoded as" in line for line in tell(*targets, wrong=first_left_out))

    def test_a_code_that_is_read_as_no_level(self, monkeypatch: pytest.MonkeyPatch) -> None:
        decoder = Decoder(CPT)

        def nothing(claim: Claim) -> DecodedClaim:
            return decoder.decode(attrs.evolve(claim, lines=()))

        assert self.told(monkeypatch, ENUMERATED[2], at(L4, LEFT), read_back=nothing) == [
            f"{AT}L4-L5:left: 64493-LT x1: 64493 is not decoded as the first level",
            f"{AT}L4-L5:right: 64493-RT x1: 64493 is not decoded as the first level",
        ]

    def test_the_form_of_both_sides(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tell = functools.partial(self.told, monkeypatch, ENUMERATED[1])
        honest: Any = policy_laws(CPT).case.value  # type: ignore[attr-defined]

        def unknown(key: Key[object], *where: Any) -> object:
            return None if key.name == "laterality.format" else honest(key, *where)

        def later(session: Session, answer: CodedSession) -> CodedSession | Refusal:
            lines = (ClaimLine(code="64494", modifiers=("50",)),)
            return on_lines(lambda _: lines)(session, answer)

        sides = at(L4, BOTH), at(L5, BOTH)
        shown = "L4-L5:bilateral, L5-S1:bilateral"

        assert tell(*sides) == []
        assert tell(*sides, value=unknown) == [
            f"{AT}{shown}: the laterality format of primary is not known, but the lines are 64493-50 x1",
            f"{AT}{shown}: the laterality format of injection-add-on is not known, but the lines are 64494 x2",
        ]
        assert tell(at(L4, LEFT), value=unknown) == []
        assert tell(*sides, wrong=later) == [
            f"{AT}{shown}: the policy wants injection-add-on as two-units, but the lines are 64494-50 x1"
        ]
        assert tell(*sides, wrong=each_line(two_units), technique="thermal-radiofrequency-ablation")
        ablated = tell(*sides, value=unknown, technique="thermal-radiofrequency-ablation")
        assert any(
            ": the laterality format of ablation-add-on is not known, but the lines are 64636"
            in line
            for line in ablated
        )

    def test_the_diagnostic_modifier(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tell = functools.partial(self.told, monkeypatch, ENUMERATED[5], at(L4, LEFT))
        honest: Any = Policy.ask

        def unknown(self: Policy, key: Key[object], *cell: str, on: dt.date) -> object:
            if key.name == "modifier.diagnostic":
                return NotKnown(key=key.name, cell=cell, policy=self.id, reason="a test says so")
            return honest(self, key, *cell, on=on)

        assert tell(policy=MEDICARE) == []
        assert tell(policy=MEDICARE, wrong=each_line(without_kx)) == [
            f"{AT}L4-L5:left: modifier.diagnostic is KX, but the line is 64493-LT x1",
            f"{AT}L4-L5:right: modifier.diagnostic is KX, but the line is 64493-RT x1",
        ]
        monkeypatch.setattr(Policy, "ask", unknown)
        with_kx = each_line(lambda line: attrs.evolve(line, modifiers=(*line.modifiers, "KX")))
        assert tell(policy=MEDICARE, wrong=with_kx)[0] == (
            f"{AT}L4-L5:left: modifier.diagnostic is not known, but the line is 64493-LT-KX x1"
        )

    def test_the_order_of_modifiers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        honest: Any = policy_laws(MEDICARE).case.value  # type: ignore[attr-defined]

        def sides_later(key: Key[object], *where: Any) -> object:
            if key.name == "modifier.order":
                return tuple(map(ModifierKind, ("informational", "laterality", "payment")))
            return honest(key, *where)

        tell = functools.partial(
            self.told, monkeypatch, ENUMERATED[4], at(L4, LEFT), policy=MEDICARE
        )

        assert tell() == []
        assert tell(value=sides_later)[0] == (
            f"{AT}L4-L5:left: the order is informational, laterality, payment, but the line is"
            " 64493-LT-KX x1"
        )
        assert tell(value=sides_later, wrong=each_line(turned_modifiers)) == []

    def test_the_order_of_two_targets(self, monkeypatch: pytest.MonkeyPatch) -> None:
        lines = self.told(
            monkeypatch, ENUMERATED[6], at(L4, LEFT), at(L5, RIGHT), wrong=first_target_alone
        )

        assert len(lines) == 2

    def test_each_session_with_findings_is_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        wrong = on_lines(lambda lines: lines[1:])
        lines = self.told(monkeypatch, FOUND_RIGHT, at(L4, LEFT), at(L5, LEFT), wrong=wrong)

        assert {line.partition(": error ")[0] for line in lines} == {
            f"{AT}L4-L5:{side}, L5-S1:{side}: 64494-{code} x1"
            for side, code in (("left", "LT"), ("right", "RT"))
        }

    def test_each_technique(self, monkeypatch: pytest.MonkeyPatch) -> None:
        table = "test_every_technique_and_guidance_is_coded_or_refused_with_a_reason"
        tell = functools.partial(self.told, monkeypatch, table, at(L4, LEFT))

        def turned(_: Session, answer: CodedSession | Refusal) -> CodedSession | Refusal:
            return REFUSED if isinstance(answer, CodedSession) else LEFT_CODED

        def empty(_: Session, answer: CodedSession | Refusal) -> CodedSession | Refusal:
            return answer if isinstance(answer, CodedSession) else attrs.evolve(answer, instead=())

        assert tell() == []
        early = [
            attrs.evolve(p, term=attrs.evolve(p.term, start=dt.date(1990, 1, 1), seen=None))
            for p in CPT.find("coding.family")
            if isinstance(p, Provision) and p.cell == ("medial-branch-block", "fluoroscopy")
        ]
        assert early
        assert tell(policy=made(early[-1]), days=[dt.date(1999, 1, 1)]) == []
        first, *others = tell(wrong=turned)
        shown = "  - 2026-03-02, professional: intra-articular-injection, {}, purpose not stated at"
        assert first == (
            f"{shown.format('fluoroscopy')} L4-L5:left: the policy answers image-guided-injection, but"
            " coding returns a refusal (not-known)"
        )
        assert others[2] == (
            f"{shown.format('mri')} L4-L5:left: the policy answers not known, but coding returns 64493-LT x1"
        )
        assert tell(wrong=empty)[0] == (
            f"{shown.format('none')} L4-L5:left: the policy reports 20552 x1 instead, but the refusal"
            " names no line"
        )


LEFT_CODED = ONE.code(held(at(L4, LEFT)))


LATER = {
    "64494": dt.date(2015, 1, 1),
    "0217T": dt.date(2016, 1, 1),
    "64636": dt.date(2017, 1, 1),
}


def later_reference() -> Reference:
    """Return a reference in which some add-ons began later than they did."""
    return packaged().with_tables(
        procedures=tuple(
            attrs.evolve(p, term=attrs.evolve(p.term, start=start))
            if (start := LATER.get(p.code))
            else p
            for p in packaged().procedures
        ),
    )


# Of a family on professional claims: what is lumbar, and what is with T12-L1.
EVERY = tuple((family, ClaimType.PROFESSIONAL, over) for family in Family for over in (False, True))
ABLATED = tuple(each for each in EVERY if each[0] is Family.ABLATION)
ULTRASOUND = tuple(each for each in EVERY if each[0] is Family.ULTRASOUND_INJECTION)


class TestTheSpace:
    """The enumerated sessions: what is left out is written like what is there."""

    @pytest.fixture(autouse=True)
    def tiny(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Enumerate one lumbar session and one with T12-L1, so that every day can be coded."""
        both: Any = dict.fromkeys((Joint.L4_L5, Joint.L5_S1), BOTH)
        over: Any = dict.fromkeys((Joint.T12_L1, Joint.L1_L2), LEFT)
        lumbar, junction = (both, Purpose.DIAGNOSTIC), (over, Purpose.DIAGNOSTIC)
        monkeypatch.setattr(testing, "_lumbar_space", lambda: (lumbar, lumbar))
        monkeypatch.setattr(testing, "_junction_space", lambda: (junction,))

    @pytest.mark.parametrize("policy", [CPT, MEDICARE], ids=["cpt", "medicare"])
    def test_no_other_lines_are_left_out(self, policy: Policy) -> None:
        for reference in (packaged(), later_reference()):
            case: Any = policy_laws(policy, reference=reference).case  # type: ignore[attr-defined]
            there = {self.written(each) for each in case.enumerated}
            every = [
                self.written(each)
                for day, claim_type in itertools.product(case.days, ClaimType)
                for family, method in case.methods(day).items()
                if any(of is family for of, _, _ in case.codes(day))
                for space in (testing._lumbar_space(), testing._junction_space())
                for each in case._code(day, claim_type, family, method, space)
            ]

            assert not set(every) - there
            assert len(case.enumerated) < len(every)

    @pytest.mark.parametrize("policy", [CPT, MEDICARE], ids=["cpt", "medicare"])
    def test_levels_are_those_of_the_day(self, policy: Policy) -> None:
        """Medicare codes T12-L1 with L1-L2 as one group since 2025, and some codes begin late here."""
        for reference in (packaged(), later_reference()):
            laws: Any = policy_laws(policy, reference=reference)
            getattr(laws(), ENUMERATED[2])()
            for each in laws.case.enumerated:
                valid = {p.code for p in reference.find_procedures(on=each.session.date)}
                assert {level.code for level in each.levels} <= {*valid, None}

    def written(self, each: testing._Answered) -> tuple[object, ...]:
        lines = each.answer.claim.lines if isinstance(each.answer, CodedSession) else ()
        return each.family, *each.treated, *(line.text for line in lines)

    @pytest.mark.parametrize(
        ("key", "cell", "value", "again"),
        [
            ("laterality.format", ("ablation-add-on", "professional"), "rt-lt-lines", ABLATED),
            ("laterality.format", ("primary", "professional"), "rt-lt-lines", EVERY),
            ("modifier.diagnostic", ("ultrasound-injection",), "KX", ULTRASOUND),
            ("coding.thoracolumbar", ("ablation",), "one-group", ABLATED[1:]),
            (
                "coding.family-pairs",
                ("ultrasound-injection+ablation", "professional"),
                "never-paid-together",
                (),
            ),
            ("billing.document", (), "MM-0001", ()),
            ("levels.max", ("ablation",), 1, ()),
        ],
    )
    def test_what_is_said_anew_is_enumerated_and_nothing_else(
        self,
        key: str,
        cell: tuple[str, ...],
        value: str | int,
        again: tuple[tuple[Family, ClaimType, bool], ...],
    ) -> None:
        began = dt.date(2025, 6, 1)
        term = attrs.evolve(SOURCE.term, start=began, until=None)
        new = attrs.evolve(SOURCE, key=key, cell=cell, value=value, term=term, policy="lawless")
        case: Any = policy_laws(made(new)).case  # type: ignore[attr-defined]
        case.days = [began - dt.timedelta(days=1), began]

        found = [each for each in case.enumerated if each.session.date == began]

        assert {(e.family, e.claim_type, Joint.T12_L1 in e.treated) for e in found} == {*again}

    def test_a_family_without_codes_is_left_out_and_no_other(self) -> None:
        known = packaged()
        later = ON + dt.timedelta(days=1)
        without = {
            family: known.with_tables(
                procedures=tuple(
                    attrs.evolve(p, term=attrs.evolve(p.term, start=later))
                    if (p.family, p.kind) == (family, ProcedureKind.FACET)
                    else p
                    for p in known.procedures
                ),
            )
            for family in Family
        }
        for family, reference in without.items():
            laws: Any = policy_laws(CPT, reference=reference)
            laws.case.days = [ON]

            assert {each.family for each in laws.case.enumerated} == {*Family} - {family}


class TestShapes:
    """The spaces that are enumerated, by what they are to hold."""

    def test_every_side_of_the_lumbar_joints(self) -> None:
        lumbar = [joint for joint in Joint if joint.name.startswith("L")]
        shapes = testing._lumbar_space()
        named = {tuple(treated.items()) for treated, _ in shapes if None not in treated.values()}
        unnamed = {tuple(treated) for treated, _ in shapes if None in treated.values()}

        assert len(named) == 4 ** len(lumbar) - 1
        assert unnamed == {
            joints for count in (1, 2, 3) for joints in itertools.combinations(lumbar, count)
        }
        assert len({(*treated.items(), purpose) for treated, purpose in shapes}) == len(shapes)

    def test_every_purpose_of_up_to_two_joints(self) -> None:
        asked: dict[int, set[Purpose | None]] = {}
        for treated, purpose in (*testing._lumbar_space(), *testing._junction_space()):
            asked.setdefault(len(treated), set()).add(purpose)

        every, one = {*Purpose, None}, {Purpose.DIAGNOSTIC}
        assert asked == {1: every, 2: every, 3: one, 4: one, 5: one}

    def test_every_side_of_t12_l1_with_its_neighbors(self) -> None:
        shapes = testing._junction_space()
        around = {Joint.T11_T12, Joint.T12_L1, Joint.L1_L2}

        assert {frozenset(treated) for treated, _ in shapes} == {
            frozenset({Joint.T12_L1, *others})
            for count in (0, 1, 2)
            for others in itertools.combinations(around - {Joint.T12_L1}, count)
        }
        assert len({(*treated.items(), purpose) for treated, purpose in shapes}) == len(shapes)


class TestTheCase:
    """What the laws ask, they ask of the policy and the reference that they were given."""

    def test_the_reference_is_the_given_one(self) -> None:
        known = packaged()
        other = known.with_tables(
            modifiers=tuple(
                attrs.evolve(m, code="ZR") if m.role is ModifierRole.RIGHT else m
                for m in known.modifiers
            ),
        )
        case: Any = policy_laws(CPT, reference=other).case  # type: ignore[attr-defined]

        for part in (case.coder, case.decoder, case.checker):
            assert part.reference is other
        assert case.sides_of([ClaimLine(code="64493", modifiers=("RT",))]) == [((), 1)]

    def test_the_day_after_an_edit_ends_is_a_day(self) -> None:
        known = packaged()
        (first, *links) = known.get_procedure("64494").primaries
        ended = attrs.evolve(
            first,
            term=attrs.evolve(first.term, start=dt.date(2015, 1, 1), until=dt.date(2030, 6, 29)),
        )
        other = known.with_tables(
            procedures=tuple(
                attrs.evolve(p, primaries=(ended, *links)) if p.code == "64494" else p
                for p in known.procedures
            ),
        )
        case: Any = policy_laws(CPT, reference=other).case  # type: ignore[attr-defined]

        assert case.days[-1] == dt.date(2030, 6, 30)

    def test_sampling_is_quick_and_has_no_deadline(self) -> None:
        law = policy_laws(CPT).test_any_session_is_repaired_once  # type: ignore[attr-defined]
        chosen: Any = law._hypothesis_internal_use_settings

        assert (chosen.max_examples, chosen.deadline) == (25, None)


class TestStatements:
    """What the laws of what is stated say, and that they reach the ends of the calendar."""

    def said(self, law: str, policy: Policy) -> list[str]:
        laws: Any = policy_laws(policy)
        with pytest.raises(AssertionError) as caught:
            getattr(laws(), law)()
        return str(caught.value).split("\n")[1:]

    def test_a_provision_without_a_cell(self) -> None:
        (judgment,) = CPT.find("levels.order")
        lawless: Any = attrs.evolve(judgment, rationale=" ")

        assert self.said(STATED[2], made(lawless)) == [
            f"  - levels.order, {lawless.term} is a judgment but has no rationale"
        ]

    def test_a_source_of_the_policys_own(self) -> None:
        def cited(title: str, id_: str = "own") -> Provision:
            first, *_ = SOURCE.citations
            own = attrs.evolve(first, id=id_, title=title)
            return attrs.evolve(SOURCE, citations=(own,))

        laws: Any = policy_laws(made(cited("Own")))
        laws().test_every_provision_resolves_its_citations()
        two = made(cited("Own"))
        object.__setattr__(two, "provisions", (cited("Own"), cited("Other")))
        named = f"  - laterality.format ({', '.join(SOURCE.cell)}), {SOURCE.term}"

        assert self.said(STATED[2], two) == [
            f"{named} cites own as 'Other', but its title is 'Own' elsewhere"
        ]
        assert self.said(STATED[2], made(cited(""))) == [
            f"{named} cites a source without id or title"
        ]

    def test_every_wrong_answer_is_told(self) -> None:
        policy = made(SOURCE)
        twin = attrs.evolve(SOURCE, value="rt-lt-lines")
        other = next(p for p in CPT.find("laterality.format") if p.cell != SOURCE.cell)
        object.__setattr__(policy, "provisions", (SOURCE, twin, other))
        lines = self.said(STATED[1], policy)

        assert any("is not the answer on" in line for line in lines)

    def test_the_first_and_the_last_day_there_are(self) -> None:
        for term in (
            attrs.evolve(SOURCE.term, start=None, seen=dt.date.min, until=None),
            attrs.evolve(SOURCE.term, start=dt.date.min, seen=None, until=dt.date.max),
        ):
            laws: Any = policy_laws(made(attrs.evolve(SOURCE, term=term, policy="lawless")))
            for law in (STATED[0], STATED[1]):
                getattr(laws(), law)()

    def test_a_provision_that_answers_too_late(self, monkeypatch: pytest.MonkeyPatch) -> None:
        last = dt.date(2026, 6, 30)
        term = attrs.evolve(SOURCE.term, start=dt.date(2026, 1, 1), seen=None, until=last)
        policy = made(attrs.evolve(SOURCE, term=term, policy="lawless"))
        honest = Policy._answer

        def late(self: Policy, key: str, cell: tuple[str, ...], on: dt.date) -> object:
            return honest(self, key, cell, min(on, last))

        monkeypatch.setattr(Policy, "_answer", late)
        named = f"laterality.format ({', '.join(SOURCE.cell)}), {term}"

        assert self.said(STATED[1], policy) == [f"  - {named} is still the answer on 2026-07-01"]
        assert self.said(STATED[0], policy) == [
            f"  - 2026-06-30: {named} ends, but is also the answer on 2026-07-01"
        ]

    def test_changes_that_are_left_out(self, monkeypatch: pytest.MonkeyPatch) -> None:
        term = attrs.evolve(
            SOURCE.term, start=dt.date(2026, 1, 1), seen=None, until=dt.date(2026, 6, 30)
        )
        policy = made(attrs.evolve(SOURCE, term=term, policy="lawless"))
        honest = Policy.changes
        named = f"laterality.format ({', '.join(SOURCE.cell)}), {term}"

        def of_no_day(self: Policy, **days: dt.date) -> object:
            return () if len(days) == 2 else honest(self, **days)

        def starts(self: Policy, **days: dt.date) -> object:
            return tuple(c for c in honest(self, **days) if c.what is not ChangeKind.ENDS)

        monkeypatch.setattr(Policy, "changes", of_no_day)
        assert self.said(STATED[0], policy) == [
            f"  - 2026-01-01: {named} is missing from that day's changes",
            f"  - 2026-06-30: {named} is missing from that day's changes",
        ]
        monkeypatch.setattr(Policy, "changes", starts)
        assert self.said(STATED[0], policy) == [
            f"  - 2026-06-30: {named} is not listed as a change"
        ]
        monkeypatch.setattr(Policy, "changes", lambda *_, **__: ())
        assert self.said(STATED[0], policy) == [
            f"  - 2026-01-01: {named} is not listed as a change",
            f"  - 2026-06-30: {named} is not listed as a change",
        ]


class TestReport:
    """A broken law tells five of its problems, and how many more there are."""

    @pytest.mark.parametrize(("count", "more"), [(1, ""), (5, ""), (7, "\n  ... and 2 more")])
    def test_what_is_told(self, count: int, more: str) -> None:
        problems = [f"problem {number}" for number in range(count)]
        told = "".join(f"\n  - {problem}" for problem in problems[:5])

        with pytest.raises(AssertionError) as caught:
            testing._report([*problems, *problems])
        assert str(caught.value) == f"the law is broken:{told}{more}"


class TestUse:
    """The class is for pytest: its laws are methods, and each says its requirement and source."""

    def test_each_law_says_what_must_hold_and_why(self) -> None:
        laws = vars(policy_laws(CPT))

        assert laws["__doc__"] == "The laws of policies, for cpt."
        for name, law in laws.items():
            if name.startswith("test_"):
                assert "Source:" in law.__doc__, name

    def test_any_session_is_drawn_in_three_ways(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Anyhow, on a day on which an answer changes, and as messy as notes are."""
        drawn: set[object] = set()

        def seen(of: object) -> Session:
            drawn.add(of)
            return THREE

        def drawn_on(dates: st.SearchStrategy[dt.date] | None = None) -> st.SearchStrategy[Session]:
            return st.builds(seen, st.just("anyhow") if dates is None else dates)

        monkeypatch.setattr(testing, "sessions", drawn_on)
        monkeypatch.setattr(testing, "messy_sessions", lambda: st.builds(seen, st.just("messy")))
        laws: Any = policy_laws(CPT, settings=settings(quick, max_examples=60))
        laws().test_any_session_is_coded_or_refused()

        assert drawn > {"anyhow", "messy"}
        assert drawn - {"anyhow", "messy"} <= {*laws.case.days}

    def test_the_policy_is_a_value_or_an_id(self) -> None:
        assert policy_laws("cpt").__name__ == policy_laws(CPT).__name__
        with pytest.raises(TypeError, match="policy takes a Policy"):
            policy_laws(64493)  # type: ignore[arg-type]

    def test_primaries_of_the_policy_count(self) -> None:
        """T12-L1 with L1-L2 is lawful under Medicare by its own provision alone, for ablation."""
        on = dt.date(2026, 3, 2)
        edits = functools.partial(allowed_primaries, "64636", on=on)

        assert "64633" not in edits()
        assert "64633" in edits(policy=MEDICARE)
