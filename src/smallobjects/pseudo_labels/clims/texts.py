"""The texts with which CLIMS compares images: one per class, and those of the background."""

from smallobjects.pseudo_labels.clims.parameters import LanguageParameters
from smallobjects.pseudo_labels.errors import BadInputError


def class_texts(class_names: list[str], language: LanguageParameters) -> list[str]:
    """Return the text of each class.

    Args:
        class_names: of the dataset, without the background.
        language: the template, and other names of some classes.

    Raises:
        BadInputError: another name is given for a class that the dataset lacks.
    """
    unknown = sorted(set(language.class_names) - set(class_names))
    if unknown:
        raise BadInputError(
            f"language.class_names: {unknown[0]!r} is no class of this dataset, which has "
            f"{', '.join(class_names)}; name them as the dataset does"
        )
    names = (language.class_names.get(name, name) for name in class_names)
    return [language.template.format(name) for name in names]


def background_texts(language: LanguageParameters) -> list[str]:
    """Return the texts of the background."""
    return [language.template.format(name) for name in language.background]
