"""The clinic's own tests, with the strategies of cptfacet: it never imports them."""

import exampleclinic
from hypothesis import given, settings
from hypothesis import strategies as st

import cptfacet

few = settings(max_examples=25, deadline=None)


@few
@given(st.from_type(cptfacet.Session))
def test_every_session_is_billed_or_says_why(session: cptfacet.Session) -> None:
    assert all(exampleclinic.billed(session))


@few
@given(st.from_type(cptfacet.Claim))
def test_units_are_never_negative(claim: cptfacet.Claim) -> None:
    assert exampleclinic.units(claim) >= 0


@few
@given(st.from_type(cptfacet.Policy), st.from_type(cptfacet.Joint))
def test_other_types(policy: cptfacet.Policy, joint: cptfacet.Joint) -> None:
    assert policy.id
    assert joint in cptfacet.Joint
