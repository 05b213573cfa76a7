"""Text and tables in LaTeX."""

from collections.abc import Sequence

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}
_SCALE_NOTES = {
    "paper": "",
    "demo": "demo scale: small networks, and synthetic data where no other is named; "
    "not the published setting",
    "photos": "photos scale: real photographs, a small pretrained network, short trainings; "
    "not the published setting",
}


def escape(text: str) -> str:
    """Return plain text as LaTeX that prints it."""
    return "".join(_SPECIAL.get(character, character) for character in " ".join(text.split()))


def scale_text(scale: str) -> str:
    """Return in plain text what is made at this scale; empty for the published setting."""
    return _SCALE_NOTES.get(scale, f"{scale} scale: not the published setting")


def scale_note(scale: str) -> str:
    """Return the same as a sentence in LaTeX, after a space."""
    note = scale_text(scale)
    return f" ({escape(note)}.)" if note else ""


def comment(text: str) -> str:
    """Return a comment line."""
    return f"% {' '.join(text.split())}"


def table_environment(
    environment: str,
    caption: str,
    label: str,
    columns: str,
    lines: Sequence[str],
    comments: Sequence[str] = (),
) -> str:
    r"""Return a whole table, to be read with `\input`.

    A tabular wider than the text is shrunk to it, and no other is: its width is only known where
    the table is read.

    Args:
        environment: `table`, or `table*` to span both columns of a two-column page.
        caption: LaTeX.
        label: for `\ref`.
        columns: the column specification of the tabular.
        lines: the lines inside the tabular, rules included.
        comments: LaTeX comment lines to put at the top.
    """
    body = "\n".join(f"    {line}" for line in lines)
    head = "\n".join(
        [comment(r"Needs \usepackage{booktabs} and \usepackage{graphicx}."), *comments]
    )
    return rf"""{head}
\begin{{{environment}}}
  \centering
  \small
  \setlength{{\tabcolsep}}{{4pt}}
  \caption{{{caption}}}
  \label{{{label}}}
  \sbox2{{%
  \begin{{tabular}}{{{columns}}}
{body}
  \end{{tabular}}}}%
  \ifdim\wd2>\linewidth \resizebox{{\linewidth}}{{!}}{{\usebox2}}\else \usebox2\fi
\end{{{environment}}}
"""
