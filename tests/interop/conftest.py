"""Sessions and claims of every shape: `from_type(Session)` and `from_type(Claim)` in this folder."""

from hypothesis import strategies as st

from cptfacet.claims import Claim
from cptfacet.sessions import Session
from cptfacet.strategies import messy_claims, messy_sessions

st.register_type_strategy(Claim, messy_claims())
st.register_type_strategy(Session, messy_sessions())
