"""The terminal face: ``cptfacet code``, ``cptfacet decode`` and ``cptfacet show``."""

from __future__ import annotations

import argparse
import codecs
import csv
import difflib
import io
import itertools
import json
import os
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

from cptfacet import jurisdictions, policies
from cptfacet.coding import Coded, NoteId, Refusal, code_session
from cptfacet.dates import parse_date
from cptfacet.decoding import Decoded, decode_claim
from cptfacet.errors import CptfacetError, DocumentError, Problem, UnknownIdError
from cptfacet.interop.json import claim_from_data, decode, from_data, to_data
from cptfacet.sessions import Session, session_from_words
from cptfacet.showing import Shown, find

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from cptfacet.claims import Claim
    from cptfacet.policies import Policy

__all__ = ["main"]

_Answer: TypeAlias = Coded | Refusal | Decoded

_CLEAN, _REFUSED, _UNUSABLE = 0, 1, 2
_DEFAULT_POLICY = "cpt"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0 is clean, 1 a refusal of a session or a part of one, 2 input that can't be used.
    """
    arguments = _parser().parse_args(argv)
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(errors="backslashreplace")  # no text of the input may stop the output
    try:
        status: int = arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _CLEAN
    except (CptfacetError, OSError) as error:
        print(f"cptfacet: {error}", file=sys.stderr)
        return _UNUSABLE
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cptfacet",
        description="Facet-joint procedures from the note to the claim, each answer with its source.",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_code(commands)
    _add_decode(commands)
    _add_show(commands)
    return parser


def _add_format(parser: argparse.ArgumentParser, choices: tuple[str, ...]) -> None:
    parser.add_argument(
        "--format", choices=choices, help="default: table on a terminal, json elsewhere"
    )


def _add_policy(parser: argparse.ArgumentParser, record: str) -> None:
    parser.add_argument(
        "--policy",
        default=_DEFAULT_POLICY,
        metavar="ID|FILE",
        help=f"the id of a policy, or a policy file; used where a {record} names none (default:"
        f" %(default)s); the location of a {record} picks the policy of its jurisdiction",
    )


def _format(arguments: argparse.Namespace) -> str:
    return arguments.format or ("table" if sys.stdout.isatty() else "json")


# -- the policies that a command names


class _Policies:
    """Find policies by what a command or a record calls them; packs are looked for once a run."""

    def __init__(self) -> None:
        self._files: dict[str, Policy] = {}
        self._installed: Mapping[str, Policy] | None = None

    def option(self, text: str) -> Policy:
        """Take what an option says: the path of a policy file, or an id."""
        if not _is_path(text):
            return self.named(text)
        policy = policies.load(text)
        self._files[policy.id] = policy
        return policy

    def named(self, policy_id: str) -> Policy:
        """Take an id: of a packaged policy, of the file that an option named, or of a pack."""
        if policy_id in policies.ids():
            return policies.get(policy_id)
        if policy_id in self._files:
            return self._files[policy_id]
        if self._installed is None:
            self._installed = policies.discover_policies()
        if policy_id not in self._installed:
            known = (*policies.ids(), *self._files, *self._installed)
            near = tuple(difflib.get_close_matches(policy_id, known))
            raise UnknownIdError(what="policy", text=policy_id, near=near)
        return self._installed[policy_id]

    def of(self, record: Session | Claim, default: Policy) -> Policy:
        """Take the policy that a record names, or the default, as it is at the record's place.

        A record opens no file.
        """
        if record.policy is None:
            return jurisdictions.localize(default, record)
        message = "a record opens no file; give the id of a policy, and name the file with --policy"
        if not _is_path(record.policy):
            try:
                return jurisdictions.localize(self.named(record.policy), record)
            except (CptfacetError, OSError) as error:
                message = str(error)
        problem = Problem(path="$.policy", message=message)
        raise DocumentError(what=type(record).__name__, problems=(problem,))


def _is_path(text: str) -> bool:
    return text.endswith(".toml") or "/" in text or "\\" in text


# -- cptfacet code


def _add_code(commands: Any) -> None:  # noqa: ANN401  argparse keeps this type private
    code = commands.add_parser(
        "code",
        help="code sessions to claim lines",
        description="Code sessions to claim lines: JSON or JSON Lines from a file or -, or words.",
    )
    code.set_defaults(run=_code)
    code.add_argument("file", nargs="?", help="JSON or JSON Lines; - reads standard input")
    _add_policy(code, "session")
    _add_format(code, ("table", "json", "csv"))
    words = code.add_argument_group("one session in words")
    words.add_argument("--date", help="date of service, YYYY-MM-DD")
    words.add_argument("--technique", help="mbb, ia, thermal-rfa, pulsed-rfa ... or the full name")
    words.add_argument("--purpose", help="diagnostic or therapeutic")
    words.add_argument("--guidance", help="fluoroscopy, ct, ultrasound, mri or none")
    words.add_argument("--joint", action="append", default=[], help="such as L4-5:both, repeatable")
    words.add_argument("--nerve", action="append", default=[], help="such as L4:left, repeatable")
    words.add_argument("--claim-type", help="professional, asc-facility or hospital-outpatient")
    words.add_argument("--place-of-service", metavar="POS", help="such as 11")
    words.add_argument("--dx", action="append", default=[], help="diagnosis, repeatable")


def _code(arguments: argparse.Namespace) -> int:
    words = any(getattr(arguments, name) for name in _WORDS)
    known = _Policies()
    default = known.option(arguments.policy)
    writer = _Writer(_format(arguments))
    if words and arguments.file:
        raise _usage("give a file or words, not both")
    if words:
        if not (arguments.technique and arguments.date):
            raise _usage("words name at least --technique and --date")
        session = session_from_words(
            date=arguments.date,
            technique=arguments.technique,
            joints=arguments.joint,
            nerves=arguments.nerve,
            purpose=arguments.purpose,
            guidance=arguments.guidance,
            claim_type=arguments.claim_type,
            place_of_service=arguments.place_of_service,
            diagnoses=arguments.dx,
        )
        writer.begin(by_line=False, array=False)
        writer.answer(code_session(session, policy=default))
        return writer.end()
    if arguments.file is None:
        raise _usage("give a file, - for standard input, or words (--technique, --date, --joint)")

    def answer(record: object) -> Coded | Refusal:
        session = from_data(record, Session)
        return code_session(session, policy=known.of(session, default))

    return _answer_each(arguments.file, answer, writer)


_WORDS = (
    "date", "technique", "purpose", "guidance", "joint", "nerve", "claim_type", "place_of_service",
    "dx",
)  # fmt: skip


# -- cptfacet decode


def _add_decode(commands: Any) -> None:  # noqa: ANN401
    decode_ = commands.add_parser(
        "decode",
        help="read claim lines back into levels, sides and purpose",
        description="Read the lines of claims back into what was done, as far as they tell it: JSON"
        " or JSON Lines from a file or -, claims or what cptfacet code answers.",
    )
    decode_.set_defaults(run=_decode)
    decode_.add_argument("file", help="JSON or JSON Lines; - reads standard input")
    _add_policy(decode_, "claim")
    _add_format(decode_, ("table", "json"))


def _decode(arguments: argparse.Namespace) -> int:
    known = _Policies()
    default = known.option(arguments.policy)

    def answer(record: object) -> Decoded:
        claim = claim_from_data(record)
        return decode_claim(claim, policy=known.of(claim, default))

    return _answer_each(arguments.file, answer, _Writer(_format(arguments)))


# -- records of a file


def _answer_each(file: str, answer: Callable[[object], _Answer], writer: _Writer) -> int:
    """Answer each record of a file in order; one that can't be read yields an error in its place."""
    with ExitStack() as stack:
        stream: BinaryIO = sys.stdin.buffer
        if file != "-":
            stream = stack.enter_context(open(file, "rb"))  # noqa: PTH123  one line
        records = _Records(stream)
        writer.begin(by_line=records.by_line, array=records.array)
        for number, record in enumerate(records, 1):
            try:
                answered = answer(_decoded(record))
            except DocumentError as error:
                writer.error(number, error.problems)
            else:
                writer.answer(answered)
        return writer.end()


def _usage(message: str) -> CptfacetError:
    return DocumentError(what="the command", problems=(Problem(path="arguments", message=message),))


def _decoded(record: Any) -> Any:  # noqa: ANN401
    if isinstance(record, DocumentError):
        raise record
    return record


class _Records:
    """The JSON values of a stream: an array, one value, or one value a line, read as they come."""

    def __init__(self, stream: BinaryIO) -> None:
        blank, first, second = 0, b"", b""
        for line in stream:
            first = line.removeprefix(codecs.BOM_UTF8)
            if first.strip():
                break
            blank += 1
        else:
            problem = Problem(path="$", message="it is empty")
            raise DocumentError(what="the input", problems=(problem,))
        self.array = first.lstrip().startswith(b"[")
        self.by_line = not self.array and _is_settled(first)
        if not self.array and not self.by_line:
            second = next(stream, b"")
            self.by_line = _is_object(second) and _is_settled(first + second)
        self._values: Iterable[Any]
        if self.by_line:
            lines = itertools.chain((first, second), stream)
            self._values = (_decode_or_error(line) for line in lines if line.strip())
        else:
            value = decode(b"\n" * blank + first + second + stream.read())
            self._values = value if self.array else (value,)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)


def _is_settled(text: bytes) -> bool:
    """Say whether a text is JSON already, or is none whatever lines follow it."""
    begun = text.decode(errors="replace").rstrip()
    try:
        json.loads(begun)
    except json.JSONDecodeError as error:
        return error.pos < len(begun)
    except (ValueError, RecursionError):
        return True
    return True


def _is_object(line: bytes) -> bool:
    return isinstance(_decode_or_error(line), dict)


def _decode_or_error(line: bytes) -> Any:  # noqa: ANN401
    try:
        return decode(line)
    except DocumentError as error:
        return error


class _Writer:
    """Write answers in one format, in order, and remember the worst of them for the exit code."""

    def __init__(self, form: str) -> None:
        self.form = form
        self.status = _CLEAN
        self.count = 0
        self.by_line = self.array = False
        self.rows = csv.writer(sys.stdout, lineterminator="\n")

    def begin(self, *, by_line: bool, array: bool) -> None:
        self.by_line, self.array = by_line, array
        if self.form == "csv":
            self.rows.writerow(_COLUMNS)
        elif self.form == "json" and array:
            print("[", end="")

    def end(self) -> int:
        if self.form == "json" and self.array:
            print("]")
        return self.status

    def answer(self, answer: _Answer) -> None:
        self.count += 1
        notes = answer.notes if isinstance(answer, Coded) else ()
        if isinstance(answer, Refusal) or any(note.id is NoteId.REFUSED for note in notes):
            self.status = max(self.status, _REFUSED)
        if self.form == "json":
            self._json(to_data(answer))
        elif self.form == "table":
            self._separate()
            print(answer.explain())
        elif isinstance(answer, Refusal):
            print(f"cptfacet: record {self.count}: {answer.explain()}", file=sys.stderr)
        elif isinstance(answer, Coded):
            self._rows(answer)

    def error(self, number: int, problems: tuple[Problem, ...]) -> None:
        self.count += 1
        self.status = _UNUSABLE
        listed = [{"path": p.path, "message": p.message} for p in problems]
        if self.form == "json":
            self._json({"error": {"record": number, "problems": listed}})
            return
        text = "\n".join(f"  {problem}" for problem in problems)
        if self.form == "table":
            self._separate()
        print(
            f"Record {number} can't be read:\n{text}",
            file=sys.stdout if self.form == "table" else sys.stderr,
        )

    def _rows(self, coded: Coded) -> None:
        self.rows.writerows(_rows(coded))
        if any(len(line.diagnoses) > _DIAGNOSES for line in coded.claim.lines):
            message = f"only the first {_DIAGNOSES} diagnoses of a line have a column"
            print(f"cptfacet: record {self.count}: {message}", file=sys.stderr)

    def _separate(self) -> None:
        if self.count > 1:
            print()

    def _json(self, data: dict[str, Any]) -> None:
        if self.array:
            print("," if self.count > 1 else "", end="\n")
            print(json.dumps(data), end="")
        else:
            # Whoever writes a line and waits gets the answer before writing the next.
            print(json.dumps(data, indent=None if self.by_line else 2), flush=self.by_line)


_MODIFIERS, _DIAGNOSES = 4, 12  # as many as a claim form has room for
_COLUMNS = (
    "claim_id", "line", "claim_type", "place_of_service", "date", "purpose", "policy", "provider",
    "code", *(f"mod{n + 1}" for n in range(_MODIFIERS)), "units", "charge",
    *(f"dx{n + 1}" for n in range(_DIAGNOSES)),
)  # fmt: skip


def _rows(coded: Coded) -> Iterator[list[object]]:
    claim = coded.claim
    for number, line in enumerate(claim.lines, 1):
        modifiers = [*line.modifiers, *[""] * _MODIFIERS][:_MODIFIERS]
        diagnoses = [*line.diagnoses, *[""] * _DIAGNOSES][:_DIAGNOSES]
        row: list[object] = [
            claim.id, number, claim.claim_type, claim.place_of_service, claim.date, claim.purpose,
            claim.policy, line.provider, line.code, *modifiers, line.units, line.charge, *diagnoses,
        ]  # fmt: skip
        yield [_harmless(value) for value in row]


def _harmless(value: object) -> str:
    """Write a cell so that it breaks no row and no spreadsheet takes it for a formula."""
    text = "" if value is None else str(value)
    text = "".join(c if c.isprintable() else " " for c in text)
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) else text


# -- cptfacet show


def _add_show(commands: Any) -> None:  # noqa: ANN401
    show = commands.add_parser(
        "show",
        help="show a code, modifier, joint, nerve, policy, provision or place",
        description="Show what is known of a code, modifier, joint, nerve, policy, provision or"
        " jurisdiction, or of a place as state:VA or zip:CODE. Where several kinds have the name,"
        " all are shown; kind:ID shows one.",
    )
    show.set_defaults(run=_show)
    show.add_argument(
        "id", metavar="ID", help="such as L4-5, modifier:50, laterality.form, or a code"
    )
    show.add_argument(
        "--policy",
        metavar="ID|FILE",
        help="show provisions of this policy and those that it extends",
    )
    show.add_argument("--on", metavar="DATE", help="say what holds on this date, YYYY-MM-DD")
    _add_format(show, ("table", "json"))


def _show(arguments: argparse.Namespace) -> int:
    on: dt.date | None = parse_date(arguments.on) if arguments.on else None
    policy = _Policies().option(arguments.policy) if arguments.policy is not None else None
    found = find(arguments.id, policy=policy, on=on)
    if _format(arguments) == "json":
        data = [{"kind": shown.kind, **shown.data} for shown in found]
        print(json.dumps(data[0] if len(data) == 1 else data, indent=2))
    else:
        print("\n\n".join(_table(shown) for shown in found))
    return _CLEAN


def _table(shown: Shown) -> str:
    out = io.StringIO()
    print(f"{shown.kind} {shown.title}", file=out)
    for name, value in shown.data.items():
        _print_entry(out, name, value, "  ")
    return out.getvalue().rstrip()


_Data: TypeAlias = "str | int | list[_Data] | dict[str, _Data] | None"


def _print_entry(out: io.StringIO, name: str, value: _Data, indent: str) -> None:
    if value in (None, "", [], {}):
        return
    label = name.replace("_", " ")
    if isinstance(value, dict):
        print(f"{indent}{label}:", file=out)
        for key, entry in value.items():
            _print_entry(out, key, entry, indent + "  ")
    elif isinstance(value, list) and any(isinstance(entry, dict) for entry in value):
        print(f"{indent}{label}:", file=out)
        for entry in value:
            print(f"{indent}  - {_one_line(entry)}", file=out)
    else:
        print(f"{indent}{label}: {_one_line(value)}", file=out)


def _one_line(value: _Data) -> str:
    if isinstance(value, list):
        return ", ".join(map(_one_line, value))
    if isinstance(value, dict):
        said = value.items()
        return "; ".join(f"{k} {_one_line(v)}" for k, v in said if v not in (None, "", [], {}))
    return str(value)
