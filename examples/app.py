"""A web service that checks claims: post a claim as JSON to /check and get the report as JSON.

    python examples/app.py --policy medicare-jl --port 8000

`application` is plain WSGI, so any server that speaks it can run it. It keeps nothing: claims are
checked and forgotten.
"""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING
from wsgiref.simple_server import make_server

from cptfacet import Checker, policies
from cptfacet.errors import DocumentError
from cptfacet.interop.json import decode, dump, given_from_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LONGEST = 1 << 20  # bytes; a claim has a few hundred


class RequestError(Exception):
    """A request that is not answered, with its status."""

    def __init__(self, status: str, **body: object) -> None:
        """Keep the status, and the body that says why."""
        super().__init__(status)
        self.status = status
        self.body = body


def body_of(environ: WSGIEnvironment) -> bytes:
    """Return the body of a request to check a claim."""
    if environ.get("PATH_INFO") != "/check":
        raise RequestError("404 Not Found", error="post a claim to /check")
    if environ["REQUEST_METHOD"] != "POST":
        raise RequestError("405 Method Not Allowed", error="post a claim to /check")
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal():
        raise RequestError("400 Bad Request", error="Content-Length is not a number")
    if int(length) > LONGEST:
        raise RequestError("413 Content Too Large", error=f"a claim has at most {LONGEST} bytes")
    body: bytes = environ["wsgi.input"].read(int(length))
    return body


def make_application(policy: str) -> WSGIApplication:
    """Return the application that checks claims under a policy."""
    checker = Checker(policies.get(policy))

    def answer(environ: WSGIEnvironment) -> str:
        try:
            given = given_from_data(decode(body_of(environ)))
        except DocumentError as error:
            problems = [{"path": p.path, "message": p.message} for p in error.problems]
            raise RequestError("400 Bad Request", problems=problems) from None
        return dump(checker.check(given.claim, session=given.session))

    def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            status, text = "200 OK", answer(environ)
        except RequestError as error:
            status, text = error.status, json.dumps(error.body)
        data = text.encode()
        start_response(
            status,
            [("Content-Type", "application/json"), ("Content-Length", str(len(data)))],
        )
        return [data]

    return application


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve on this machine until it is interrupted."""
    parser = argparse.ArgumentParser(description="Check claims posted as JSON.")
    parser.add_argument("--policy", default="cpt", help="the id of a policy (default: cpt)")
    parser.add_argument("--port", type=int, default=8000)
    given = parser.parse_args(arguments)
    with make_server("127.0.0.1", given.port, make_application(given.policy)) as server:
        print(f"http://127.0.0.1:{server.server_port}/check")
        server.serve_forever()


if __name__ == "__main__":
    main()
