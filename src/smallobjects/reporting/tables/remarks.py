"""Remarks on label sources: what a reader must know of a row, marked there and said below."""

import pandas as pd


class Remarks:
    """The remarks of a score table, numbered in the order of its rows."""

    def __init__(self, table: pd.DataFrame) -> None:
        """Read them.

        Args:
            table: the columns of `tables.scores.COLUMNS`; a table of an older
                version has no column `remark`, and no remarks.
        """
        pairs = table[["labels", "remark"]].dropna() if "remark" in table else pd.DataFrame()
        self._of = dict(pairs.itertuples(index=False))
        self.texts = list(dict.fromkeys(self._of.values()))
        """Each remark once; the first is number 1."""

    def number(self, labels: str) -> int | None:
        """Return the number of the remark on a label source; None if there is none."""
        return self.texts.index(self._of[labels]) + 1 if labels in self._of else None

    def marked(self, labels: str, title: str, pattern: str = "[{}]") -> str:
        """Return a title with its mark after it, if there is a remark on the label source.

        Args:
            labels: the label source.
            title: what is printed of it.
            pattern: of the mark, with the number for `{}`.
        """
        number = self.number(labels)
        return title if number is None else f"{title} {pattern.format(number)}"

    def notes(self, pattern: str = "[{}]") -> list[str]:
        """Return the sentences below a table, each after its mark."""
        return [f"{pattern.format(place)} {text}" for place, text in enumerate(self.texts, 1)]
