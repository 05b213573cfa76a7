"""What rules are answered, asked without Snakemake."""

import json
from types import SimpleNamespace

import pytest
from snakemake_interface_common.exceptions import WorkflowError

from smallobjects.config import load
from smallobjects.workflow.asking import any_of, given
from smallobjects.workflow.datasets import DatasetQuestions
from smallobjects.workflow.labels import LabelQuestions
from smallobjects.workflow.models import ModelQuestions
from smallobjects.workflow.tables import TableQuestions


@pytest.fixture
def experiment(repository):
    def make(**changes):
        return load(repository / "config" / "config.yaml", changes)

    return make


def of(**wildcards):
    return SimpleNamespace(**wildcards)


def test_names_of_a_constraint_are_taken_literally():
    assert any_of(["a.b", "c"]) == r"a\.b|c"
    assert any_of([]) == "(?!)"


def test_options_are_given_once_for_every_input_and_quoted():
    given_cams = given("--cams", "cams")
    assert given_cams(of(), {"cams": ["a b.npz", "it's.npz"]}) == (
        """--cams 'a b.npz' --cams 'it'"'"'s.npz'"""
    )
    assert given_cams(of(), {"cams": []}) == ""


@pytest.mark.parametrize("raw", ["synthetic", "download", "my/VOC2012"])
def test_raw_data_is_made_fetched_or_given(experiment, raw):
    found = DatasetQuestions(experiment(settings={"datasets": {"voc": {"raw": raw}}}))
    folder = found.raw_folder(of(dataset="voc"))
    made = found.raw_inputs(of(dataset="voc"))
    if raw == "synthetic":
        assert made == [folder] == ["results/demo/raw/voc"]
    else:
        assert made == []
        assert folder == ("data/voc" if raw == "download" else raw)


def test_an_evaluation_set_has_no_split_to_train_on(experiment):
    split = DatasetQuestions(experiment()).split("train")
    assert split(of(dataset="voc")) == "train_aug"
    with pytest.raises(WorkflowError, match=r"pascal_b has no split for 'train'.*models of voc"):
        split(of(dataset="pascal_b"))


def test_a_classifier_that_is_trained_as_irns_is_irns(experiment):
    labels = LabelQuestions(experiment())
    assert "/irn/" in labels.classifier_of(of(source="rib", dataset="voc"))
    changed = {"methods": {"rib": {"stages": {"classifier": {"epochs": 99}}}}}
    labels = LabelQuestions(experiment(settings=changed))
    assert "/rib/" in labels.classifier_of(of(source="rib", dataset="voc"))


def test_a_family_without_rules_is_named(experiment, tmp_path):
    (tmp_path / "irn.smk").touch()
    (tmp_path / "amn.smk").touch()
    labels = LabelQuestions(experiment(matrix=[{"labels": ["irn"], "segmentors": ["deeplabv2"]}]))
    assert [path.name for path in labels.rule_files(tmp_path)] == ["irn.smk", "amn.smk"]
    labels = LabelQuestions(experiment())
    with pytest.raises(WorkflowError, match=r"methods\.\w+\.family = '\w+'.*one of \['irn'\]"):
        labels.rule_files(tmp_path)


def test_models_of_an_evaluation_set_are_those_of_its_home(experiment):
    models = ModelQuestions(experiment())
    cell = {"source": "irn", "segmentor": "deeplabv2", "seed": "0", "loss": "sb"}

    class Wildcards(dict):
        __getattr__ = dict.__getitem__

    found = models.checkpoint(Wildcards(cell, dataset="pascal_b"))
    assert found == "results/demo/segmentors/voc/irn/deeplabv2/seed0/sb.pth"


def test_cells_of_a_table_say_where_their_scores_are(experiment):
    whole = experiment(seeds=[3, 5])
    tables = TableQuestions(whole)
    rows = json.loads(tables.score_cells(whole.cells)(of()))
    assert len(rows) == len(whole.cells)
    for row in rows:
        assert set(row["scores"]) == {"3", "5"}
        assert row["scores"]["5"].endswith(f"/{row['loss']}/seed5/summary.json")
    assert not tables.interval_tables(whole.cells)(of())
    assert tables.interval_tables(whole.cells)
