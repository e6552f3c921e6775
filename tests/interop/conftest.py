"""Sessions and claims of every shape, and the terminal face run in this process.

`from_type(Session)` and `from_type(Claim)` give what this folder asks of them.
"""

import io
import json
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from hypothesis import strategies as st

from cptfacet.claims import Claim
from cptfacet.cli import main
from cptfacet.sessions import Session
from cptfacet.strategies import messy_claims, messy_sessions

st.register_type_strategy(Claim, messy_claims())
st.register_type_strategy(Session, messy_sessions())


class Run(NamedTuple):
    """What a run left behind."""

    status: object
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Terminal = Callable[..., Run]


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Run the terminal face in this process."""

    def run(*argv: str, stdin: str | bytes = b"", tty: bool = False) -> Run:
        raw = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        monkeypatch.setattr(sys.stdout, "isatty", lambda: tty)
        try:
            status: object = main(argv)
        except SystemExit as stop:
            status = stop.code
        captured = capsys.readouterr()
        assert "Traceback" not in captured.err
        return Run(status, captured.out, captured.err)

    return run
