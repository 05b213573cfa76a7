"""Synthetic raw data in the layout of a real dataset."""

import json
from pathlib import Path

from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.layouts import class_names_of, synthetic_of
from smallobjects.datasets.parameters import SyntheticParameters
from smallobjects.publishing import publish_directory

MARKER = "synthetic.json"


def make_synthetic(layout: str, parameters: SyntheticParameters, output: str | Path) -> None:
    """Write synthetic raw data into the folder `output`, which appears when it is whole.

    Besides the raw data it holds `synthetic.json`, which says how it was made. Only a folder with
    that file is ever replaced, so that no real data is lost.

    The module `synthetic.py` of the layout's folder writes it. The bytes depend on the
    parameters alone. Each image is drawn from a random stream of its own.

    Raises:
        DatasetError: a class that the layout's class table does not have, or one given twice;
            or `output` holds something else.
    """
    writer = synthetic_of(layout)
    largest = len(class_names_of(layout))
    unknown = [class_id for class_id in parameters.classes if class_id > largest]
    if unknown or not parameters.classes:
        raise DatasetError(
            f"classes: {list(unknown)} are not among the {largest} classes of {layout!r}; "
            f"choose one or more of 1..{largest}"
        )
    if len(set(parameters.classes)) < len(parameters.classes):
        raise DatasetError(f"classes: {list(parameters.classes)} names a class twice")
    output = Path(output).absolute()
    if output.is_dir() and any(output.iterdir()) and not (output / MARKER).is_file():
        raise DatasetError(
            f"{output}: holds other data (there is no {MARKER}) and is not replaced; choose "
            "another folder"
        )
    with publish_directory(output) as folder:
        writer.write_raw(parameters, folder)
        made_from = {"layout": layout, "parameters": parameters.model_dump(mode="json")}
        (folder / MARKER).write_text(json.dumps(made_from, indent=2) + "\n")
