"""The supplement's Table 2 as a target, and predictions that are not kept."""

import re

import pandas as pd

TARGET = "results/tables/supplement_table2.tex"
PUBLISHED = "results/tables/supplement_table2_published.tex"


def test_it_plans_only_what_it_needs(published):
    """The whole demo matrix is configured; of it, five networks on the ground truth of VOC."""
    planned = published({}).planned("--", TARGET)
    assert planned == {
        **{"make_synthetic": 2, "find_candidates": 1, "select_images": 1, "prepare_dataset": 2},
        **{"ground_truth_labels": 1, "train_shared": 5, "train_arm": 10},
        **{"predict": 20, "score": 20, "supplement_table2": 1},
    }


def test_at_paper_scale_it_stands_beside_the_published_values(published):
    plan = published({"scale": "paper"})
    output = plan.run("--dry-run", "--printshellcmds", "--cores", "32", PUBLISHED)
    (command,) = re.findall(r".*smallobjects supplement-table2.*", output)
    assert " --published " in command
    assert '"published": {"miou": 67.8' in command
    assert PUBLISHED in command
    # A CRF gets the cores.
    jobs = re.findall(r"rule predict:.*?\n\n", output, re.DOTALL)
    threads = {
        re.search(r"predictions/\w+/full/(\w+)/", job)[1]: int(re.search(r"threads: (\d+)", job)[1])
        for job in jobs
    }
    assert threads == {"fcn": 8, "pspnet": 8, "deeplabv1": 16, "deeplabv2": 16, "segmenter": 8}


def test_the_default_target_has_it_where_it_has_rows(workflow):
    planned = workflow({"scale": "paper", "datasets": ["voc"]}).planned()
    assert planned["supplement_table2"] == planned["supplement_table2_published"] == 1
    without = {"matrix": [{"labels": ["irn"], "segmentors": ["deeplabv2"]}]}
    assert workflow(without).planned()["supplement_table2"] == 0
    said = workflow(without).run("--dry-run", TARGET, succeeds=False)
    assert "the supplement's Table 2 has no rows: name `full` in the matrix" in said
    assert workflow({"datasets": ["coco"]}).planned()["supplement_table2"] == 0


def test_any_segmentor_takes_any_labels(workflow):
    """A weakly-supervised row with a Segmenter: one more row of Table 2, none of the supplement."""
    matrix = [{"labels": ["irn"], "segmentors": ["deeplabv2", "segmenter"]},
              {"labels": ["full"], "segmentors": ["deeplabv2"]}]  # fmt: skip
    one_row_less = workflow({"datasets": ["voc"]}).planned()
    run = workflow({"datasets": ["voc"], "matrix": matrix})
    more = run.planned() - one_row_less
    assert more == {"train_shared": 1, "train_arm": 2, "predict": 2, "score": 2}
    output = run.run("--dry-run", "--printshellcmds", "results/tables/table2.tex")
    (command,) = re.findall(r".*smallobjects table2.*", output)
    assert re.findall(r'"labels_title": "IRN", "segmentor": "(\w+)"', command) == [
        "deeplabv2", "deeplabv2", "segmenter", "segmenter"
    ]  # fmt: skip


def test_predictions_that_are_not_kept_are_deleted(workflow):
    run = workflow(
        {
            "datasets": ["voc"],
            "matrix": [{"labels": ["full"], "segmentors": ["deeplabv1"]}],
            "losses": ["ce"],
            "keep_predictions": False,
            "settings": {
                "segmentors": {"deeplabv1": {"schedule": {"iterations": 4, "shared_iterations": 2}}}
            },
        }
    )
    run.run(TARGET)
    table = pd.read_csv((run.folder / TARGET).with_suffix(".csv"))
    assert table[["labels", "segmentor", "loss"]].to_numpy().tolist() == [
        ["full", "deeplabv1", "ce"]
    ]
    assert table["miou"].notna().all()
    assert not list((run.folder / "results/demo").glob("predictions/**/*.png"))
    assert "Nothing to be done" in run.run(TARGET)
