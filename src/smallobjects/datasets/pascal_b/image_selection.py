"""The images of PASCAL-B: filter the candidates, select a balanced part of them, and say how."""

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from smallobjects.datasets.errors import DatasetError
from smallobjects.datasets.layouts.lvis.parameters import SelectionParameters
from smallobjects.datasets.pascal_b.balanced_selection import balanced_targets, select_balanced
from smallobjects.datasets.pascal_b.candidates import Candidates, read_candidates
from smallobjects.datasets.pascal_b.decisions import read_decisions
from smallobjects.datasets.pascal_b.report import PUBLISHED, describe_balance
from smallobjects.publishing import publish_file
from smallobjects.publishing.checksums import file_checksum


@dataclass(frozen=True)
class Filtered:
    """The candidates that may be selected, and how they were filtered."""

    candidates: Candidates
    record: dict
    """For the report: what was left out and why."""
    sentence: str
    """The same in words."""


def select_images(
    candidates: str | Path,
    parameters: SelectionParameters,
    images: str | Path,
    report: str | Path,
    decisions: str | Path | None = None,
) -> dict:
    """Select images; write their ids, one per line, and a JSON report, which is returned.

    Args:
        candidates: the table that `find_candidates` wrote.
        parameters: how many images and instances, and the seed.
        images: the list to write.
        report: the report to write.
        decisions: a decisions file; without one nothing is filtered by hand, and the report
            says so.

    Raises:
        DatasetError: an input cannot be used, or fewer candidates are left than images asked for.
    """
    everything = read_candidates(Path(candidates))
    filtered = filter_candidates(everything, parameters, decisions)
    kept = filtered.candidates
    if len(kept.ids) < parameters.images:
        raise DatasetError(
            f"{candidates}: {len(kept.ids)} of {len(everything.ids)} candidates are left, but "
            f"{parameters.images} images are to be selected; lower `images`, or accept more"
        )
    targets = balanced_targets(kept.counts.sum(0), parameters.size_targets)
    selection = select_balanced(
        kept.counts,
        targets,
        parameters.images,
        parameters.size_weight,
        parameters.seed,
        parameters.tolerance,
        parameters.nodes,
        parameters.rounds,
    )
    ids = [i for i, chosen in zip(kept.ids, selection.chosen, strict=True) if chosen]
    text = "".join(f"{image_id}\n" for image_id in ids)
    content = {
        "rebuilt": True,
        "statement": f"rebuilt from LVIS as a balanced selection of {parameters.images} images "
        f"(seed {parameters.seed}), which are not those of the paper; {filtered.sentence}.",
        "filter": filtered.record,
        **describe_balance(kept.counts, targets, selection),
        "published": PUBLISHED,
        "parameters": parameters.model_dump(mode="json", exclude={"decisions"}),
        "versions": {name: version(name) for name in ("smallobjects", "numpy", "scipy")},
        "images_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "images": ids,
    }
    with publish_file(report) as partial:
        partial.write_text(json.dumps(content, indent=2) + "\n")
    with publish_file(images) as partial:
        partial.write_text(text)
    return content


def filter_candidates(
    candidates: Candidates, parameters: SelectionParameters, decisions: str | Path | None
) -> Filtered:
    """Leave out the candidates that a decisions file or their marks rule out.

    Raises:
        DatasetError: the decisions file cannot be used.
    """
    kept = np.ones(len(candidates.ids), bool)
    record: dict = {"candidates": len(kept), "by_hand": decisions is not None}
    sentence = "the candidates were not filtered by hand"
    if decisions is not None:
        accepted = read_decisions(decisions, candidates.ids)
        otherwise = parameters.undecided == "accept"
        kept &= np.array([accepted.get(image_id, otherwise) for image_id in candidates.ids])
        votes = list(accepted.values())
        record["decisions"] = {
            "sha256": file_checksum(Path(decisions)),
            "accepted": votes.count(True),
            "rejected": votes.count(False),
            "undecided": len(kept) - len(votes),
            "undecided_are": f"{parameters.undecided}ed",
        }
        sentence = (
            f"the candidates were filtered by hand ({votes.count(True)} accepted, "
            f"{votes.count(False)} rejected, {len(kept) - len(votes)} undecided and "
            f"{parameters.undecided}ed)"
        )
    record["excluded_by_mark"] = {
        hint: int((candidates.marked(hint) & kept).sum()) for hint in parameters.exclude
    }
    for hint in parameters.exclude:
        kept &= ~candidates.marked(hint)
    if parameters.exclude:
        sentence += f", and those marked {' or '.join(parameters.exclude)} were left out"
    record["left"] = int(kept.sum())
    return Filtered(candidates.only(kept), record, sentence)
