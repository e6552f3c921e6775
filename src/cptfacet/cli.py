"""The terminal commands: ``cptfacet code``, ``decode``, ``check``, ``repair`` and ``show``."""

from __future__ import annotations

import argparse
import codecs
import difflib
import importlib
import io
import itertools
import json
import os
import stat
import sys
import textwrap
import time
import traceback
from collections import Counter
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import attrs

from cptfacet import policies
from cptfacet._text import counted, series
from cptfacet._version import __version__
from cptfacet.checking import Checker, all_rules
from cptfacet.claims import Claim, Location
from cptfacet.coding import CodedSession, code_session
from cptfacet.dates import parse_date
from cptfacet.decoding import DecodedClaim, SkipReason, decode_claim
from cptfacet.errors import CptfacetError, DataFileError, DocumentError, Problem, UnknownIdError
from cptfacet.findings import NotChecked, Report, RuleFamily, Severity
from cptfacet.interop.claim_csv import (
    COLUMNS,
    DIAGNOSES,
    MODIFIERS,
    names_columns,
    read_claims,
    row_text,
)
from cptfacet.interop.foreign import describe_foreign
from cptfacet.interop.json import (
    Dumper,
    Given,
    claim_from_data,
    decode,
    from_data,
    given_from_data,
    to_data,
)
from cptfacet.lookup import LISTS, Shown, find
from cptfacet.notes import NoteId, Refusal
from cptfacet.past import history_from_records
from cptfacet.policies.selection import select_policy
from cptfacet.reference import packaged
from cptfacet.repairing import RepairedClaim, repair_claim
from cptfacet.sessions import Session, parse_session

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from cptfacet.history import History
    from cptfacet.policies import Policy

__all__ = ["main"]


def __dir__() -> list[str]:
    return sorted(__all__)


_Answer: TypeAlias = CodedSession | Refusal | DecodedClaim | Report | RepairedClaim
_Reader: TypeAlias = "Callable[[bytes], Claim | None]"

_CLEAN, _REFUSED, _UNUSABLE, _INTERRUPTED, _CLOSED = 0, 1, 2, 130, 141
_DEFAULT_POLICY = "cpt"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0: clean. 1: all or part of a session was refused, or a finding has the severity of
    ``--fail-on`` or a worse one. 2: the input can't be used, or the output can't be written. 130: the
    run was interrupted. 141: the reader of the output closed it before the end.
    """
    parser = _parser()
    _complete(parser)
    arguments = parser.parse_args(argv)
    if arguments.run is None:
        parser.print_help(sys.stderr)
        return _UNUSABLE
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(errors="backslashreplace")  # no text of the input may stop the output
    if sys.stdout is None:
        _tell("the standard output is closed")
        return _UNUSABLE
    status = _UNUSABLE
    try:
        status = arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        status = _CLOSED
    except KeyboardInterrupt:
        status = _INTERRUPTED
    except (CptfacetError, OSError) as error:
        _tell(str(error))
        status = _UNUSABLE
    except Exception as error:  # noqa: BLE001  its message may hold what the input says
        _tell(f"a fault of cptfacet, not of the input: {type(error).__name__}; please report it:")
        traceback.print_tb(error.__traceback__)
    if status not in (_CLEAN, _REFUSED):
        _close_output()
    return status


def _tell(message: str) -> None:
    """Write a message for a person, without control characters, to the error output."""
    if sys.stderr is not None:
        print(f"cptfacet: {_visible(message)}", file=sys.stderr)


def _close_output() -> None:
    """Write nothing more at exit: the output is closed, full, or no longer wanted."""
    with suppress(OSError, ValueError, AttributeError):
        sys.stdout.flush()
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complete(parser: argparse.ArgumentParser) -> None:
    """Write the completions that a shell asks for; this requires the extra `completion`."""
    if "_ARGCOMPLETE" in os.environ:
        with suppress(ImportError):
            importlib.import_module("argcomplete").autocomplete(parser)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cptfacet",
        description="Code, decode, check and repair claims for facet joint procedures. Every answer"
        " has its source.",
    )
    parser.set_defaults(run=None)
    parser.add_argument("--version", action="version", version=f"cptfacet {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND")
    _add_code(commands)
    _add_decode(commands)
    _add_check(commands)
    _add_repair(commands)
    _add_show(commands)
    return parser


def _add_format(parser: argparse.ArgumentParser, choices: tuple[str, ...]) -> None:
    parser.add_argument(
        "--format", choices=choices, help="default: table on a terminal, otherwise json"
    )


def _add_policy(parser: argparse.ArgumentParser, record: str) -> None:
    parser.add_argument(
        "--policy",
        default=_DEFAULT_POLICY,
        metavar="ID|FILE",
        help=f"policy id or policy file for a {record} that names no policy (default: %(default)s);"
        f" under Medicare, the location of a {record} selects its jurisdiction's policy",
    )


def _format(arguments: argparse.Namespace) -> str:
    return arguments.format or ("table" if sys.stdout.isatty() else "json")


# -- policies


class _Policies:
    """Find the policies that options and records name; search for installed packs once a run."""

    def __init__(self) -> None:
        self._files: dict[str, Policy] = {}
        self._installed: Mapping[str, Policy] | None = None

    def option(self, text: str) -> Policy:
        """Return the policy that an option names: by the path of a policy file, or by id."""
        if not _is_path(text):
            return self.named(text)
        policy = policies.load(text)
        self._files[policy.id] = policy
        return policy

    def named(self, policy_id: str) -> Policy:
        """Return the policy with this id: packaged, loaded by an option, or from a pack."""
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
        """Return the policy that a record names, or the default, for the record's location.

        A record can't open a file.
        """
        message = "a record can't open a file: write a policy id, and pass the file with --policy"
        if record.policy is None or not _is_path(record.policy):
            try:
                return select_policy(record, default=default, known=self.named)
            except DataFileError:
                raise
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
        description="Code sessions to claim lines. Input: JSON or JSON Lines from a file or -, or"
        " one session as options.",
    )
    code.set_defaults(run=_code, words=[])
    code.add_argument("file", nargs="?", help="JSON or JSON Lines; - reads standard input")
    _add_policy(code, "session")
    _add_format(code, ("table", "json", "csv"))
    words = code.add_argument_group("one session as options")
    words.add_argument("--date", help="date of service, YYYY-MM-DD")
    for name, help_ in _OF_TREATMENT.items():
        words.add_argument(f"--{name}", action=_Word, help=help_)
    words.add_argument("--claim-type", help="professional, asc-facility or hospital-outpatient")
    words.add_argument("--place-of-service", metavar="POS", help="such as 11")
    words.add_argument("--dx", action="append", default=[], help="diagnosis code; repeatable")
    words.add_argument("--id", help="your ID for the session; the claim gets the same ID")
    words.add_argument("--state", help="state of the place of service, such as OH")
    words.add_argument("--zip", help="ZIP code of the place of service")


_OF_TREATMENT = {
    "technique": "mbb, ia, thermal-rfa, pulsed-rfa ... or the full name; for several treatments,"
    " repeat it before the other options of each",
    "purpose": "diagnostic or therapeutic",
    "guidance": "fluoroscopy, ct, ultrasound, mri or none",
    "joint": "such as L4-5:both; repeatable",
    "nerve": "such as L4:left; repeatable",
    "agent": "such as local-anesthetic, corticosteroid or prp; repeatable",
}


class _Word(argparse.Action):
    """Keep the options of treatments in the order of the command."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002  these two are what argparse passes
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,  # noqa: ARG002
    ) -> None:
        namespace.words = [*namespace.words, (self.dest, values)]


def _treatments(words: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return the words of each treatment; of several, each begins with its technique."""
    several = [name for name, _ in words].count("technique") > 1
    if several and words[0][0] != "technique":
        raise _usage("with several treatments, write each --technique before its other options")
    found: list[dict[str, Any]] = []
    for name, text in words:
        if not found or (several and name == "technique"):
            found.append({"joints": [], "nerves": [], "agents": []})
        if f"{name}s" in found[-1]:
            found[-1][f"{name}s"].append(text)
        else:
            found[-1][name] = text
    return found


def _code(arguments: argparse.Namespace) -> int:
    words = any(getattr(arguments, name) for name in _WORDS)
    known = _Policies()
    default = known.option(arguments.policy)
    writer = _Writer(_format(arguments))
    if words and arguments.file:
        raise _usage("pass a file or session options, not both")
    if words:
        treatments = _treatments(arguments.words)
        if not (arguments.date and any(given.get("technique") for given in treatments)):
            raise _usage("a session needs at least --technique and --date")
        several: dict[str, Any] = {"treatments": treatments}
        session = parse_session(
            date=arguments.date,
            **(several if len(treatments) > 1 else treatments[0]),
            claim_type=arguments.claim_type,
            place_of_service=arguments.place_of_service,
            diagnoses=arguments.dx,
            id=arguments.id,
            location=_location(arguments),
        )
        writer.begin()
        writer.answer(code_session(session, policy=default))
        return writer.end()
    if arguments.file is None:
        raise _usage(
            "pass a file, - for standard input, or session options (--technique, --date, --joint)"
        )

    def answer(record: object) -> CodedSession | Refusal:
        session = from_data(record, Session)
        return code_session(session, policy=known.of(session, default))

    return _answer_each(arguments.file, answer, writer)


def _location(arguments: argparse.Namespace) -> Location | None:
    if arguments.state or arguments.zip:
        return Location(state=arguments.state, zip=arguments.zip)
    return None


_WORDS = ("words", "date", "claim_type", "place_of_service", "dx", "id", "state", "zip")


# -- cptfacet decode


def _add_decode(commands: Any) -> None:  # noqa: ANN401
    decode_ = commands.add_parser(
        "decode",
        help="decode claim lines to levels, sides and purpose",
        description="Decode claim lines to the levels, sides and purpose that they report. Input:"
        " JSON or JSON Lines from a file or -, with claims or the output of cptfacet code.",
    )
    decode_.set_defaults(run=_decode)
    decode_.add_argument("file", help="JSON or JSON Lines; - reads standard input")
    _add_policy(decode_, "claim")
    _add_format(decode_, ("table", "json"))


def _decode(arguments: argparse.Namespace) -> int:
    known = _Policies()
    default = known.option(arguments.policy)

    def answer(record: object) -> DecodedClaim:
        claim = claim_from_data(record)
        return decode_claim(claim, policy=known.of(claim, default))

    return _answer_each(arguments.file, answer, _Writer(_format(arguments)))


# -- cptfacet check and cptfacet repair


def _add_check(commands: Any) -> None:  # noqa: ANN401
    check = commands.add_parser(
        "check",
        help="find every problem on a claim",
        description="Check claims. Input: JSON, JSON Lines or CSV from a file or -. A JSON record is"
        " a claim, the output of cptfacet code, or a claim with its session and history.",
    )
    check.set_defaults(run=_check)
    _add_claims(check)
    _add_format(check, ("table", "json", "csv"))
    check.add_argument(
        "--select", action="append", default=[], metavar="RULE|FAMILY",
        help="report only these; repeat it, or separate them with commas",
    )  # fmt: skip
    check.add_argument(
        "--ignore", action="append", default=[], metavar="RULE|FAMILY",
        help="don't report these; repeat it, or separate them with commas",
    )  # fmt: skip
    check.add_argument(
        "--fail-on",
        choices=(*(severity.value for severity in Severity), "never"),
        default=Severity.ERROR.value,
        help="exit with 1 on a finding of this severity or worse (default: %(default)s)",
    )


def _add_repair(commands: Any) -> None:  # noqa: ANN401
    repair = commands.add_parser(
        "repair",
        help="fix what each claim itself determines",
        description="Fix what each claim itself determines, and list the questions that remain."
        " Input: JSON, JSON Lines or CSV from a file or -, as for cptfacet check.",
    )
    repair.set_defaults(run=_repair)
    _add_claims(repair)
    _add_format(repair, ("table", "json", "csv"))


def _add_claims(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="JSON, JSON Lines or CSV; - reads standard input")
    parser.add_argument(
        "--input",
        choices=("json", "csv"),
        help="the format of the file (default: json if it begins with { or [, otherwise csv)",
    )
    parser.add_argument(
        "--ignore-columns",
        action="store_true",
        help="ignore unrecognized CSV columns",
    )
    _add_policy(parser, "claim")


def _check(arguments: argparse.Namespace) -> int:
    keep = _kept(arguments.select, arguments.ignore)
    never = arguments.fail_on == "never"
    least = Severity.ERROR if never else Severity(arguments.fail_on)
    failing = () if never else tuple(s for s in Severity if s.rank <= least.rank)
    writer = _Writer(_format(arguments), _FOUND)
    checkers: dict[Policy, Checker] = {}

    def answer(given: Given, policy: Policy) -> Report:
        checker = checkers.get(policy)
        if checker is None:
            checker = checkers[policy] = Checker(policy)
        history, unread = _past(given, policy)
        report = checker.check(given.claim, session=given.session, history=history)
        report = _with_unread(report, unread)
        if keep is not None:
            report = _only(report, keep)
        if any(found.severity in failing for found in report.findings):
            writer.fail()
        return report

    return _answer_claims(arguments, answer, writer)


def _repair(arguments: argparse.Namespace) -> int:
    writer = _Writer(_format(arguments))

    def answer(given: Given, policy: Policy) -> RepairedClaim:
        history, unread = _past(given, policy)
        repaired = repair_claim(given.claim, policy=policy, session=given.session, history=history)
        repaired = attrs.evolve(repaired, report=_with_unread(repaired.report, unread))
        if repaired.report.errors:
            writer.fail()
        return repaired

    return _answer_claims(arguments, answer, writer)


def _past(given: Given, policy: Policy) -> tuple[History | None, list[NotChecked]]:
    """Return the history under a policy, and what of its records was not read."""
    if given.history is None:
        return None, []
    read = history_from_records(given.history, policy=policy, replaced_by=given.claim)
    unread = [
        NotChecked(
            rule=RuleFamily.FREQUENCY,
            needs="history",
            reason=f"part {left.part} of record {left.record} of the history was not read:"
            f" {left.message}",
        )
        for left in read.unread
        if left.reason not in (SkipReason.OTHER_CODE, SkipReason.UNKNOWN_CODE)
    ]
    return read.history, unread


def _with_unread(report: Report, unread: list[NotChecked]) -> Report:
    if not unread:
        return report
    return attrs.evolve(report, not_checked=(*report.not_checked, *unread))


def _only(report: Report, keep: Callable[[str, str], bool]) -> Report:
    """Return a report with only the selected rules, both findings and skipped checks."""
    families = {rule.id: str(rule.family) for rule in all_rules()}
    skipped = (n for n in report.not_checked if keep(n.rule, families.get(n.rule, n.rule)))
    found = report.where(lambda found: keep(found.rule, found.family))
    return attrs.evolve(found, not_checked=tuple(skipped))


def _kept(select: list[str], ignore: list[str]) -> Callable[[str, str], bool] | None:
    """Return a function that selects findings by rule and family, or None to keep them all."""
    known = {*(rule.id for rule in all_rules()), *RuleFamily}

    def named(options: list[str]) -> set[str]:
        names = {name.strip() for option in options for name in option.split(",")} - {""}
        for name in sorted(names - known):
            near = tuple(difflib.get_close_matches(name, known))
            raise UnknownIdError(what="rule or rule family", text=name, near=near)
        return names

    wanted, unwanted = named(select), named(ignore)
    if not select and not ignore:
        return None
    return lambda rule, family: (
        (not select or rule in wanted or family in wanted) and not {rule, family} & unwanted
    )


def _answer_claims(
    arguments: argparse.Namespace, answer: Callable[[Given, Policy], _Answer], writer: _Writer
) -> int:
    """Write the answer for each claim of a JSON or CSV file, under its own policy."""
    known = _Policies()
    default = known.option(arguments.policy)

    def answered(record: object) -> _Answer:
        given = Given(claim=record) if isinstance(record, Claim) else given_from_data(record)
        return answer(given, known.of(given.claim, default))

    with ExitStack() as stack:
        stream = _opened(arguments.file, stack)
        kind = arguments.input
        if kind is None:
            kind, stream = _kind_of(stream)
        if kind == "json":
            return _answer_records(_Records(stream, _claim_reader()), answered, writer)
        text = io.TextIOWrapper(stream, "utf-8-sig", errors="surrogateescape", newline="")
        stack.callback(text.detach)
        claims = read_claims(text, ignore_unknown=arguments.ignore_columns)
        return _answer_records(_Listed(claims, stream), answered, writer)


def _claim_reader() -> _Reader:
    """Return the fast reader of certain claims, which requires the extra `fast`."""
    try:
        fast = importlib.import_module("cptfacet.interop.fast")
    except ImportError:
        return _read_nothing
    return lambda line: fast.read_certain(line, Claim)


def _read_nothing(_: bytes) -> None:
    return None


def _kind_of(stream: io.BufferedReader) -> tuple[str, io.BufferedReader]:
    """Return the format of a stream from its first nonblank character, and the stream unread.

    A pipe may bring its first line later than a blank line or a byte order mark.
    """
    begun = text = b""
    while not text or (text[:1] not in b"{[" and len(text) < _ENOUGH):
        if not (more := stream.read1(_PEEKED)):
            break
        begun += more
        text = begun.removeprefix(codecs.BOM_UTF8).lstrip()
    if foreign := describe_foreign(text):
        raise _unusable(foreign)
    kind = "json" if not text or text[:1] in b"{[" else "csv"
    return kind, io.BufferedReader(_Resumed(begun, stream))


_PEEKED = 4096
_ENOUGH = 4  # bytes, to know another format by


class _Resumed(io.RawIOBase):
    """A stream from its beginning, though some of its bytes have been read."""

    def __init__(self, begun: bytes, stream: io.BufferedReader) -> None:
        super().__init__()
        self._begun = begun
        self._stream = stream

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._stream.fileno()

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  any writable buffer
        found = self._begun[: len(buffer)] or self._stream.read1(len(buffer))
        self._begun = self._begun[len(found) :]
        buffer[: len(found)] = found
        return len(found)


class _Listed:
    """The claims of a CSV file, answered one per line."""

    by_line, array = True, False

    def __init__(self, claims: Iterable[Claim | DocumentError], stream: BinaryIO) -> None:
        self._claims = claims
        self.live = _is_live(stream)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._claims)


_FOUND = (
    "claim_id", "policy", "rule", "family", "kind", "severity", "lines", "message", "citations",
    "from", "seen", "remedy", "replacement", "question",
)  # fmt: skip


def _found(report: Report) -> Iterator[list[str]]:
    for row in report.rows():
        yield [row["id" if name == "claim_id" else name] for name in _FOUND]


# -- records of a file


def _opened(file: str, stack: ExitStack) -> io.BufferedReader:
    if file != "-":
        return stack.enter_context(open(file, "rb"))  # noqa: PTH123  one line
    if sys.stdin is None:
        raise _usage("the standard input is closed; pass a file")
    stream: Any = sys.stdin.buffer
    return stream if hasattr(stream, "peek") else io.BufferedReader(stream)


def _answer_each(file: str, answer: Callable[[object], _Answer], writer: _Writer) -> int:
    """Write the answer for each record of a file, in order."""
    with ExitStack() as stack:
        return _answer_records(_Records(_opened(file, stack)), answer, writer)


def _answer_records(
    records: _Records | _Listed, answer: Callable[[object], _Answer], writer: _Writer
) -> int:
    """Write answers in the order of the records, with an error for each unreadable one."""
    writer.begin(by_line=records.by_line, array=records.array, live=records.live)
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


def _unusable(message: str) -> DocumentError:
    return DocumentError(what="the input", problems=(Problem(path="$", message=message),))


def _decoded(record: Any) -> Any:  # noqa: ANN401
    if isinstance(record, DocumentError):
        raise record
    return record


def _is_live(stream: BinaryIO) -> bool:
    """Whether the writer of the stream may wait for each answer before the next line."""
    try:
        return not stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except OSError:  # an in-memory stream
        return True


class _Records:
    """The JSON values of a stream: an array, one value, or one value per line.

    Values on their own lines are read as they arrive: by ``certain`` if it can, else by decoding.
    """

    def __init__(self, stream: BinaryIO, certain: _Reader = _read_nothing) -> None:
        self.live = _is_live(stream)
        blank, first, second = 0, b"", b""
        for line in stream:
            first = line.removeprefix(codecs.BOM_UTF8)
            if first.strip():
                break
            blank += 1
        else:
            raise _unusable("the input is empty")
        if foreign := describe_foreign(first.lstrip()):
            raise _unusable(foreign)
        if first.lstrip()[:1] not in b"{[" and names_columns(first.decode(errors="replace")):
            raise _unusable("the input is CSV; check and repair read CSV, the others JSON alone")
        self.array = first.lstrip().startswith(b"[")
        self.by_line = not self.array and _is_settled(first)
        if not self.array and not self.by_line:
            second = next(stream, b"")
            self.by_line = _is_object(second) and _is_settled(first + second)
        self._values: Iterable[Any]
        if self.by_line:
            lines = itertools.chain((first, second), stream)
            self._values = (
                certain(line) or _decode_or_error(line) for line in lines if line.strip()
            )
        else:
            value = decode(b"\n" * blank + first + second + stream.read())
            self._values = value if self.array else (value,)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)


def _is_settled(text: bytes) -> bool:
    """Whether a text is complete JSON, or can't become JSON whatever lines follow."""
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
    """Write answers in one format, in order, and keep the worst exit code."""

    def __init__(self, form: str, columns: Sequence[str] = COLUMNS) -> None:
        self.form = form
        self.columns = columns
        self.status = _CLEAN
        self.count = 0
        self.array = self.live = self.several = False
        self.indent: int | None = None
        self.outcomes: Counter[str] = Counter()
        self.not_checked: Counter[NotChecked] = Counter()
        self.progress = _Progress()
        self.dumper = Dumper()

    def begin(self, *, by_line: bool = False, array: bool = False, live: bool = False) -> None:
        self.array, self.live, self.several = array, by_line and live, by_line or array
        self.indent = None if by_line or array else 2
        self.dumper = Dumper(indent=self.indent)
        if self.form == "csv":
            print(row_text(self.columns))
        elif self.form == "json" and array:
            print("[", end="")

    def end(self) -> int:
        self.progress.end()
        if self.form == "json" and self.array:
            print("]")
        elif self.form == "table" and self.count > 1:
            print(_visible(self._summary()))
        return self.status

    def _summary(self) -> str:
        """Return what a table ends with: the records by outcome, and what was not checked."""
        records = counted(self.count, "record")
        outcomes = series([f"{n} {what}" for what, n in self.outcomes.items()])
        lines = ["", f"{records}: {outcomes}"]
        if self.not_checked:
            lines += ["", "Not checked"]
        by_reason: dict[tuple[int, str], list[str]] = {}
        for left, n in self.not_checked.items():
            by_reason.setdefault((n, left.reason), []).append(left.rule)
        for (n, reason), rules in sorted(by_reason.items(), reverse=True):
            text = f"{counted(n, 'record')}, {reason}: {', '.join(sorted(rules))}"
            lines += textwrap.wrap(
                text, 100, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
            )
        return "\n".join(lines)

    def answer(self, answer: _Answer) -> None:
        self.count += 1
        self.progress.show(self.count)
        notes = answer.notes if isinstance(answer, CodedSession) else ()
        if isinstance(answer, Refusal) or any(note.id is NoteId.REFUSED for note in notes):
            self.status = max(self.status, _REFUSED)
        if self.form == "json":
            self._json(self.dumper.dump(answer))
        elif self.form == "table":
            self._separate()
            print(_visible(self._table(answer)))
        elif isinstance(answer, Refusal):
            _tell(f"record {self.count}: {answer.explain()}")
        elif isinstance(answer, CodedSession | RepairedClaim):
            self._rows(answer.claim)
        elif isinstance(answer, Report):
            self._csv(_found(answer))

    def _table(self, answer: _Answer) -> str:
        """Return an answer as text; in a run of several, under a line that says what it is about."""
        if not self.several:
            return answer.explain()
        self.outcomes[_outcome(answer)] += 1
        about = answer.session if isinstance(answer, CodedSession | Refusal) else answer.claim
        if isinstance(answer, RepairedClaim):
            about = answer.original
        named = f", id {about.id}" if about and about.id else ""
        if isinstance(answer, Report):
            self.not_checked.update(answer.not_checked)
            answer = attrs.evolve(answer, not_checked=())
        return f"{_cut(f'Record {self.count}{named}: {about}')}\n{answer.explain()}"

    def fail(self) -> None:
        """Record that an answer fails the command."""
        self.status = max(self.status, _REFUSED)

    def error(self, number: int, problems: tuple[Problem, ...]) -> None:
        self.count += 1
        self.status = _UNUSABLE
        if self.form == "json":
            error = {"record": number, "problems": [to_data(problem) for problem in problems]}
            self._json(json.dumps({"error": error}, indent=self.indent))
            return
        text = "\n".join(f"  {problem}" for problem in problems)
        if self.form == "table":
            self.outcomes["not read"] += 1
            self._separate()
        print(
            _visible(f"Record {number} can't be read:\n{text}"),
            file=sys.stdout if self.form == "table" else sys.stderr,
        )

    def _rows(self, claim: Claim) -> None:
        self._csv(_rows(claim))
        if any(len(line.diagnoses or claim.diagnoses) > len(DIAGNOSES) for line in claim.lines):
            message = f"the CSV has columns for only the first {len(DIAGNOSES)} diagnoses of a line"
            _tell(f"record {self.count}: {message}")

    @staticmethod
    def _csv(rows: Iterable[list[Any]]) -> None:
        for row in rows:
            print(row_text(row))

    def _separate(self) -> None:
        if self.count > 1:
            print()

    def _json(self, text: str) -> None:
        if self.array:
            print("," if self.count > 1 else "", end="\n")
            print(text, end="")
        else:
            print(text, flush=self.live)


def _cut(text: str) -> str:
    """Return a text of at most one line of a wide terminal."""
    return text if len(text) <= _WIDE else f"{text[: _WIDE - 3]}..."


_WIDE = 120


def _outcome(answer: _Answer) -> str:
    """Return in a few words what came out, for the summary of a run."""
    match answer:
        case Report():
            worst = answer.findings[0].severity if answer.findings else None
            return f"with {_WORST[worst]}"
        case Refusal():
            return "not coded"
        case RepairedClaim():
            changed = "repaired" if answer.changes else "unchanged"
            return changed if answer.is_complete else f"{changed} with questions"
        case CodedSession():
            return "coded" if answer.is_complete else "coded in part"
        case _:
            return "decoded" if answer.is_complete else "decoded in part"


_WORST = {
    Severity.ERROR: "errors",
    Severity.WARNING: "warnings",
    Severity.INFO: "notes",
    None: "no findings",
}


class _Progress:
    """How far a long run is, for a person at a terminal; nothing goes to a file or pipe."""

    def __init__(self) -> None:
        self.shown = sys.stderr is not None and sys.stderr.isatty() and not sys.stdout.isatty()
        self.next = time.monotonic() + _EVERY
        self.told = False

    def show(self, count: int) -> None:
        if self.shown and time.monotonic() >= self.next:
            self.next = time.monotonic() + _EVERY
            self.told = True
            print(f"\rcptfacet: {count:,} records", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        if self.told:
            print(file=sys.stderr)


_EVERY = 1.0  # seconds


def _visible(text: str) -> str:
    """Replace control characters by visible escapes; line ends stay."""
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
    )


def _rows(claim: Claim) -> Iterator[list[object]]:
    for number, line in enumerate(claim.lines, 1):
        modifiers = [*line.modifiers, *[""] * len(MODIFIERS)][: len(MODIFIERS)]
        diagnoses = [*(line.diagnoses or claim.diagnoses), *[""] * len(DIAGNOSES)]
        yield [
            claim.id, number, claim.claim_type, line.place_of_service or claim.place_of_service,
            line.date or claim.date, claim.purpose, claim.policy, line.provider, line.code, *modifiers, line.units, line.charge,
            *diagnoses[: len(DIAGNOSES)], claim.frequency, claim.replaces,
        ]  # fmt: skip


# -- cptfacet show


def _add_show(commands: Any) -> None:  # noqa: ANN401
    show = commands.add_parser(
        "show",
        help="show a code, modifier, joint, nerve, policy, provision, rule or place",
        description="Show a code, modifier, joint, nerve, policy, provision, jurisdiction, checking"
        " rule or rule family, or a place such as state:VA or zip:CODE. An ID that means"
        " several things shows them all; KIND:ID shows one.",
    )
    show.set_defaults(run=_show)
    show.add_argument(
        "id",
        metavar="ID",
        help="such as L4-5, modifier:50, laterality.format, or a code; or what to list:"
        f" {', '.join(LISTS)}",
    )
    show.add_argument(
        "--policy",
        metavar="ID|FILE",
        help="show the provisions of this policy and of those it extends, and the severity that it"
        " gives a rule",
    )
    show.add_argument("--on", metavar="DATE", help="show what applies on this date, YYYY-MM-DD")
    _add_format(show, ("table", "json"))


def _show(arguments: argparse.Namespace) -> int:
    if arguments.id in LISTS:
        return _show_list(arguments)
    on: dt.date | None = parse_date(arguments.on) if arguments.on else None
    policy = _Policies().option(arguments.policy) if arguments.policy is not None else None
    found = find(arguments.id, policy=policy, on=on)
    if _format(arguments) == "json":
        data = [{"kind": shown.kind, **shown.data} for shown in found]
        print(json.dumps(data[0] if len(data) == 1 else data, indent=2))
    else:
        print(_visible("\n\n".join(_table(shown) for shown in found)))
    return _CLEAN


def _show_list(arguments: argparse.Namespace) -> int:
    if arguments.policy is not None or arguments.on:
        raise _usage(f"{arguments.id} lists all there are; leave --policy and --on out")
    listed = LISTS[arguments.id](packaged())
    if _format(arguments) == "json":
        print(json.dumps([{"id": name, "title": title} for name, title in listed], indent=2))
    else:
        print("\n".join(f"{name}  {title}" for name, title in listed))
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
