"""LaTeX text, and numbers as the paper prints them."""

import pytest

from smallobjects.reporting.output.latex import escape, scale_note
from smallobjects.reporting.tables.comparison import Entry, format_entry


def test_escapes_every_special_character(compile_latex, tmp_path):
    text = r"A&B 50% c_d #1 {x} $y$ a~b 2^3 back\slash <tag> p|q"
    assert escape("A&B_50%") == r"A\&B\_50\%"
    (tmp_path / "text.tex").write_text(escape(text))
    compile_latex(tmp_path / "text.tex")


def test_a_title_stays_on_its_line():
    assert escape("two\nlines  and\ttabs") == "two lines and tabs"


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        (Entry(67.8, 0.8, "sb"), "67.8 ($+0.8$)"),
        (Entry(67.9, -0.2, "sb"), "67.9 ($-0.2$)"),
        (Entry(5.0, 13.21, "sw"), "5.0 ($+13.2$)"),
        (Entry(5.0, -0.04, "sb"), "5.0 ($+0.0$)"),
        (Entry(5.0, 0.0, "sb"), "5.0 ($+0.0$)"),
        (Entry(5.0, -0.06, "sb"), "5.0 ($-0.1$)"),
        (Entry(100.0, None, None), "100.0"),
        (Entry(5.0, None, "sb"), "5.0 (--)"),
        (Entry(None, None, "sb"), "--"),
        (None, "--"),
    ],
)
def test_entries(entry, text):
    assert format_entry(entry, gain_pattern="${}$", dash="--") == text


def test_only_the_published_setting_goes_without_saying():
    assert scale_note("paper") == ""
    assert scale_note("demo") == (
        " (demo scale: small networks, and synthetic data where no other is named; "
        "not the published setting.)"
    )
    assert scale_note("half_size") == r" (half\_size scale: not the published setting.)"
