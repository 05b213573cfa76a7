"""What a check finds."""

from dataclasses import dataclass

PREPARE_AGAIN = "prepare the dataset again"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a dataset."""

    file: str
    """Relative to the folder of the dataset."""
    problem: str
    remedy: str = PREPARE_AGAIN

    def __str__(self) -> str:
        return f"{self.file}: {self.problem}; {self.remedy}"
