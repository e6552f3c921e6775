"""The programs in examples/ run, and answer as their README says."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import re
import threading
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.request import Request, urlopen
from wsgiref.simple_server import make_server
from wsgiref.util import setup_testing_defaults

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
CLAIM = {
    "claim_type": "professional",
    "date": "2026-03-02",
    "place_of_service": "11",
    "lines": [{"code": "64493", "modifiers": ["RT"], "units": 1, "diagnoses": ["M47.816"]}],
}


def load(name: str) -> ModuleType:
    """Import one example, which stands in no package."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_names_every_file() -> None:
    named = re.findall(r"^\| `([\w.]+)`", (EXAMPLES / "README.md").read_text("utf-8"), re.MULTILINE)
    files = {path.name for path in EXAMPLES.iterdir() if path.is_file()} - {"README.md"}

    assert sorted(named) == sorted(files)


def test_an_audit_writes_each_finding_and_a_summary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = tmp_path / "findings.csv"
    code = load("audit").main(
        [str(EXAMPLES / "claims.csv"), "--policy", "medicare-jl", "--findings", str(findings)]
    )
    with findings.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    printed = capsys.readouterr()

    assert code == 1
    assert [row["claim_id"] for row in rows] == ["1002", "1002", "1002", "1003", "1003", "1004"]
    assert all(row["rule"] and row["message"] and row["to_do"] and row["source"] for row in rows)
    assert printed.out.splitlines()[:3] == [
        "4 claims checked: 1 clean, 3 with errors",
        "890.00 charged on lines with an error",
        "1 can't be read",
    ]
    assert "row 9" in printed.err


def test_an_audit_of_a_clean_file_exits_with_0(tmp_path: Path) -> None:
    claims = tmp_path / "clean.csv"
    lines = (EXAMPLES / "claims.csv").read_text("utf-8").splitlines(keepends=True)
    claims.write_text("".join(lines[:3]), encoding="utf-8")

    command = [str(claims), "--policy", "medicare-jl", "--findings", str(tmp_path / "findings.csv")]

    assert load("audit").main(command) == 0


def post(
    body: object, *, path: str = "/check", method: str = "POST", length: str | None = None
) -> tuple[str, Any]:
    """Ask the application, without a server between."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    environ: dict[str, Any] = {
        "PATH_INFO": path,
        "REQUEST_METHOD": method,
        "CONTENT_LENGTH": str(len(data)) if length is None else length,
        "wsgi.input": io.BytesIO(data),
    }
    setup_testing_defaults(environ)
    answered: list[str] = []

    def start_response(status: str, _: list[tuple[str, str]], __: object = None) -> None:
        answered.append(status)

    text = b"".join(load("app").make_application("medicare-jl")(environ, start_response))
    return answered[0], json.loads(text)


def test_the_app_answers_with_the_report() -> None:
    status, report = post({"claim": {**CLAIM, "lines": [*CLAIM["lines"], {"code": "77003"}]}})

    assert status == "200 OK"
    assert report["under"]["policy"] == "medicare-jl"
    assert "imaging-bundled" in {found["rule"] for found in report["findings"]}


def test_the_app_names_every_problem_of_a_bad_record() -> None:
    status, answer = post({"lines": [{"code": "64493", "unit": 1}]})

    assert status == "400 Bad Request"
    assert {problem["path"] for problem in answer["problems"]} == {
        "$.claim_type",
        "$.lines[0].unit",
    }


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"path": "/"}, "404 Not Found"),
        ({"method": "GET"}, "405 Method Not Allowed"),
        ({"length": str(1 << 30)}, "413 Content Too Large"),
        ({"length": "many"}, "400 Bad Request"),
    ],
    ids=["path", "method", "length", "no-length"],
)
def test_the_app_refuses_what_it_is_not_for(asked: dict[str, str], status: str) -> None:
    assert post(CLAIM, **asked)[0] == status


def test_the_app_serves() -> None:
    application = load("app").make_application("cpt")
    with make_server("127.0.0.1", 0, application) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/check"
        with urlopen(Request(url, json.dumps(CLAIM).encode()), timeout=30) as answer:
            report = json.load(answer)
        thread.join()

    assert report["under"]["policy"] == "cpt"
