"""What a day of a claim shows at a glance, which selects the rules that run on it."""

from __future__ import annotations

import enum

__all__ = ["Signal"]


def __dir__() -> list[str]:
    return sorted(__all__)


class Signal(enum.IntFlag):
    """One fact that the lines of a day show, or an input given with the claim.

    A rule names the signals without which it can't find anything. They are computed when a code with
    its modifiers is first met, so looking at a claim is one pass over its lines.
    """

    # codes
    FACET = enum.auto()
    INJECTION = enum.auto()
    ULTRASOUND = enum.auto()
    ABLATION = enum.auto()
    FIRST = enum.auto()
    ADD_ON = enum.auto()
    THIRD = enum.auto()
    CERVICAL_THORACIC = enum.auto()
    LUMBAR_SACRAL = enum.auto()
    MALFORMED = enum.auto()
    NOT_IN_FORCE = enum.auto()  # a code that is not valid on the day, or not known to be
    IMAGING = enum.auto()
    SEDATION = enum.auto()
    EVALUATION = enum.auto()
    OTHER_BLOCK = enum.auto()
    SACROILIAC = enum.auto()
    IMPLANT = enum.auto()
    REGENERATIVE = enum.auto()
    UNLISTED = enum.auto()
    OTHER = enum.auto()
    NEEDS_AUTHORIZATION = enum.auto()  # a code that needs prior authorization on such a claim
    MAY_NEED_AUTHORIZATION = enum.auto()  # a code that may need it, as no source settles
    ASC_PACKAGED = enum.auto()  # a code packaged on an ASC claim, or not known to be separate
    ASC_NOT_PAYABLE = (
        enum.auto()
    )  # a code excluded from an ASC claim, or no ASC addenda to look it up in

    # modifiers and units of the lines
    MODIFIED = enum.auto()
    BILATERAL = enum.auto()
    BILATERAL_ADD_ON = enum.auto()
    ONE_SIDE = enum.auto()
    RIGHT = enum.auto()
    LEFT = enum.auto()
    OTHER_FORMAT = enum.auto()  # a bilateral line where the policy wants another laterality format
    NO_KX = enum.auto()  # an injection without the modifier that attests requirements
    SEVERAL_SIDES = enum.auto()
    DISTINCT = enum.auto()
    MULTIPLE = enum.auto()
    KX = enum.auto()
    OTHER_MODIFIER = enum.auto()
    MODIFIER_FAULTS = enum.auto()
    NO_SIDE = enum.auto()
    FACET_UNITS = enum.auto()
    PLAIN_VISIT = enum.auto()

    # the codes of the day together
    REPEATED = enum.auto()  # a code on several lines
    LONE_ADD_ON = enum.auto()  # an add-on without a primary that the national edits allow

    # the day
    SEVERAL_LINES = enum.auto()
    SEVERAL_FACET = enum.auto()
    SEVERAL_UNITS = enum.auto()  # units not one, a code on several lines, or one that may have none
    PAIRED = enum.auto()  # two codes of an edit that a rule on pairs reports, or may
    DIAGNOSES = enum.auto()
    DIAGNOSIS_FAULTS = enum.auto()  # a rule finds something in the diagnoses of a line
    NO_DIAGNOSES = enum.auto()  # a facet line without a diagnosis
    CYST = enum.auto()  # a facet line with a diagnosis that is listed for facet cysts alone
    PLACE = enum.auto()
    PLACE_FAULT = (
        enum.auto()
    )  # a place that is unassigned, does not fit the claim type, or is not known

    # the claim
    PROFESSIONAL = enum.auto()
    ASC_FACILITY = enum.auto()
    HOSPITAL_OUTPATIENT = enum.auto()
    DIAGNOSTIC = enum.auto()
    THERAPEUTIC = enum.auto()
    NO_PURPOSE = enum.auto()
    AUTHORIZATION = enum.auto()
    AUTHORIZATION_NUMBER = enum.auto()
    AUTHORIZATION_DATE = enum.auto()
    NOT_AUTHORIZED = enum.auto()  # by no number, and not exempt

    # inputs given with the claim
    SESSION = enum.auto()
    HISTORY = enum.auto()

    # what other rules found
    DENIAL = enum.auto()
