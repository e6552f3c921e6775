"""Name files of other formats by how they begin, and say what to write instead."""

from __future__ import annotations

import re

__all__ = ["FHIR", "describe_foreign"]


def __dir__() -> list[str]:
    return sorted(__all__)


_X12 = re.compile(rb"ISA[^0-9A-Za-z]")
_TRANSACTION = re.compile(rb"ST[^0-9A-Za-z](837|835)[^0-9A-Za-z]")
_TRANSACTIONS = {b"837": "an X12 837 claim file", b"835": "an X12 835 remittance file"}
_OURS = "write the claims as JSON or CSV, or the sessions as JSON"
_BEGINNINGS = (
    (b"MSH|", "an HL7 version 2 message", _OURS),
    (b"<", "XML or HTML", _OURS),
    (b"%PDF", "a PDF file", _OURS),
    (b"PK\x03\x04", "a zip file, as an Excel workbook is", "save the sheet as CSV UTF-8"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook", "save the sheet as CSV UTF-8"),
    (b"PAR1", "a Parquet file", "read it as a data frame, and its rows with interop.claim_csv"),
    (b"\x1f\x8b", "compressed", "decompress it first"),
)
FHIR = f"it is a FHIR resource, which can't be read here; {_OURS}"


def describe_foreign(begun: bytes) -> str:
    """Return what an input is, and what to write instead; empty if it may be JSON or CSV.

    >>> describe_foreign(b"ISA*00*          *00*")
    "the input is an X12 file, which can't be read here; write the claims as JSON or CSV, or the sessions as JSON"
    >>> describe_foreign(b"isa,claim_id")
    ''
    """
    if _X12.match(begun):
        found = _TRANSACTION.search(begun)
        what = _TRANSACTIONS[found[1]] if found else "an X12 file"
        return f"the input is {what}, which can't be read here; {_OURS}"
    for beginning, what, instead in _BEGINNINGS:
        if begun.startswith(beginning):
            return f"the input is {what}, which can't be read here; {instead}"
    return ""
