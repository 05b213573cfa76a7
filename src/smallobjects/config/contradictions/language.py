"""Other words for classes, which must be classes of the dataset."""

from collections.abc import Sequence
from difflib import get_close_matches

from smallobjects.config.contradictions.said import Said


def check_language(stages: Said, class_names: Sequence[str], dataset: str) -> None:
    """Check the words that the stages of a method have for classes.

    Args:
        stages: all of them.
        class_names: those of the dataset, without the background; empty: only its raw data tells.
        dataset: its name.

    Raises:
        ConfigError: there are words for a class that the dataset lacks.
    """
    words = stages.below("language", "class_names")
    for name in words.values if class_names else ():
        if name not in class_names:
            near = get_close_matches(name, class_names, n=1) or class_names
            raise words.error(
                name,
                f"no class of {dataset} is called {name!r}, only {', '.join(near)}; take that "
                "name, or say it under `per_dataset` of the dataset that has it",
            )
