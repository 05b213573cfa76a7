"""Names of losses."""

import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smallobjects.losses.arms import PATTERN, Arm, parse_arm

values = st.none() | st.integers(0, 10**6).map(lambda n: n / 1000)


@given(st.sampled_from(["sw", "sb"]), values, values)
def test_a_name_tells_the_whole_arm(kind, tau, strength):
    arm = Arm(kind, tau, strength if kind == "sb" else None)
    assert parse_arm(arm.name) == arm
    assert re.fullmatch(PATTERN, arm.name)


@pytest.mark.parametrize(
    ("arm", "name"),
    [
        (Arm("ce"), "ce"),
        (Arm("sw", tau=2.0), "sw-tau2"),
        (Arm("sb", strength=0.5), "sb-lambda0.5"),
        (Arm("sb", 10.0, 1e6), "sb-tau10-lambda1000000"),
    ],
)
def test_names_are_plain(arm, name):
    assert arm.name == name
    assert parse_arm(name) == arm


@pytest.mark.parametrize("name", ["", "ba", "ce-tau2", "sw-lambda2", "sb-tau", "sw-tau1e3", "sw/"])
def test_other_names_are_refused(name):
    with pytest.raises(ValueError, match="is no loss; use ce, sw or sb"):
        parse_arm(name)


def test_names_are_read_without_torch():
    code = "import sys, smallobjects.losses.arms; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
