"""Candidates of synthetic data, to be reviewed."""

import itertools
from pathlib import Path

import pytest

from smallobjects.curation.catalog import Catalog, open_catalog
from smallobjects.curation.store import Store
from smallobjects.curation.submission import Verdict
from smallobjects.datasets.layouts.lvis.parameters import LvisParameters
from smallobjects.datasets.parameters import SyntheticParameters
from smallobjects.datasets.pascal_b.candidates import find_candidates
from smallobjects.datasets.synthetic.raw_data import make_synthetic

SCENES = SyntheticParameters(
    train_images=54, val_images=18, seed=3, classes=(1, 3, 7, 8, 12, 16), image_size=64
)


@pytest.fixture(scope="session")
def raw(tmp_path_factory) -> Path:
    """Synthetic raw LVIS data; only read it."""
    folder = tmp_path_factory.mktemp("raw") / "lvis"
    make_synthetic("lvis", SCENES, folder)
    return folder


@pytest.fixture(scope="session")
def candidates(raw, tmp_path_factory) -> Path:
    """The table of candidates."""
    path = tmp_path_factory.mktemp("selection") / "candidates.parquet"
    find_candidates(raw, LvisParameters(), (100, 600), path)
    return path


@pytest.fixture(scope="session")
def catalog(raw, candidates, tmp_path_factory) -> Catalog:
    path = tmp_path_factory.mktemp("catalog") / "candidates.sqlite"
    made, _ = open_catalog(path, candidates, raw, LvisParameters())
    return made


@pytest.fixture
def store(catalog, tmp_path) -> Store:
    """A review that nobody has begun."""
    return Store.open(tmp_path / "decisions.sqlite", catalog)


@pytest.fixture(scope="session")
def images(catalog) -> list[str]:
    """The ids of all candidates in the order of the review."""
    with catalog._connect() as connection:
        rows = connection.execute("SELECT image FROM candidates ORDER BY position").fetchall()
    return [row[0] for row in rows]


@pytest.fixture
def say(store):
    """Record a verdict."""
    numbers = itertools.count()

    def record(reviewer, image, decision, note="", boxes=()):
        request = f"request-{next(numbers)}"
        store.record(
            Verdict(
                request=request,
                reviewer=reviewer,
                image=image,
                decision=decision,
                note=note,
                boxes=boxes,
            )
        )
        return request

    return record
