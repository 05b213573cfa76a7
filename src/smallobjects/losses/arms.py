"""The losses that trainings are compared by, as the names of files and rows.

`ce`, `sw` and `sb` have the configured settings; `sw-tau2` and `sb-lambda50` have another τ or λ.
"""

import re
from typing import Literal, NamedTuple

Kind = Literal["ce", "sw", "sb"]
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
PATTERN = rf"ce|sw(?:-tau{_NUMBER})?|sb(?:-tau{_NUMBER})?(?:-lambda{_NUMBER})?"
"""Regular expression of the names of all arms."""


class Arm(NamedTuple):
    """One loss, continued from the cross-entropy phase that all share."""

    kind: Kind
    """`ce` cross-entropy, `sw` size-weighted (L_sw), `sb` size-weighted with EWC (L_sb)."""
    tau: float | None = None
    """Another τ than the configured one."""
    strength: float | None = None
    """Another λ than the configured one."""

    @property
    def name(self) -> str:
        """The name of its checkpoint, and of its folder among the scores."""
        tau = "" if self.tau is None else f"-tau{_plain(self.tau)}"
        strength = "" if self.strength is None else f"-lambda{_plain(self.strength)}"
        return f"{self.kind}{tau}{strength}"


def parse_arm(name: str) -> Arm:
    """Return the arm of a name.

    Raises:
        ValueError: no arm is called that.
    """
    if not re.fullmatch(PATTERN, name):
        raise ValueError(
            f"{name!r} is no loss; use ce, sw or sb, or with another τ or λ, such as sw-tau2 or "
            "sb-lambda50"
        )
    kind, *changes = name.split("-")
    values = dict(re.fullmatch(r"(tau|lambda)(.*)", change).groups() for change in changes)
    tau, strength = (float(values[key]) if key in values else None for key in ("tau", "lambda"))
    return Arm(kind, tau, strength)


def _plain(value: float) -> str:
    """Return a number without exponent, so that it is part of a plain file name."""
    return f"{value:.6f}".rstrip("0").rstrip(".")
