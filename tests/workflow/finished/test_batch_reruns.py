"""The reruns of docs/cluster.md: each plans what it says, and nothing else."""

import tarfile

from small_workflow import SMALL, Workflow

# What shows the scores of pseudo-labels; those of the ground truth are in one table more.
SHOWN = {"table2": 1, "plots": 1, "runtimes": 1, "html_tables": 1, "all": 1}
AFTER_IRN_ON_VOC = {
    **{"train_shared": 1, "train_arm": 2, "predict": 4, "score": 4},
    **{"label_panels": 1, "panels": 2, **SHOWN},
}


def test_one_method_again_on_one_dataset(finished):
    classifier = "results/demo/pseudo_labels/voc/irn/classifier.pth"
    planned = finished.planned("--forcerun", classifier)
    chain = {"train_classifier": 1, "make_cams": 2, "make_seeds": 2, "train_edges": 1}
    chain |= {"walk_labels": 2, "gather_irn_labels": 1}
    assert planned == chain | AFTER_IRN_ON_VOC


def test_evaluation_and_tables_only(finished):
    scores = {"score": 12, "panels": 3, "supplement_table2": 1, **SHOWN}
    assert finished.planned("--forcerun", "score") == scores
    assert finished.planned("--forcerun", "predict") == {"predict": 12, **scores}


def test_only_what_failed(finished):
    scores = "results/demo/scores/voc/irn/deeplabv2/sb/seed0/summary.json"
    # Without a cell there is no table.
    missing = [finished.folder / name for name in (scores, "results/tables/table2.tex")]
    kept = [path.rename(path.with_suffix(".kept")) for path in missing]
    try:
        assert finished.planned() == {"score": 1, "panels": 1, **SHOWN}
    finally:
        for path, aside in zip(missing, kept, strict=True):
            aside.rename(path)


def test_slices_of_a_plan(workflow):
    run, table = workflow(), "results/tables/table2.csv"
    slices = [run.planned(table, "--batch", f"table2={number}/3") for number in (1, 2)]
    assert [(each["score"], each["table2"]) for each in slices] == [(4, 0), (4, 0)]
    # The last one makes the table, so it waits for the others.
    output = run.run(table, "--dry-run", "--batch", "table2=3/3", succeeds=False)
    assert "not all previous batches have been completed" in output


def test_an_archive_that_is_unpacked_elsewhere_is_finished(finished, tmp_path, repository):
    archive = tmp_path / "matrix.tar"
    with tarfile.open(archive, "w") as writing:
        for name in ("results", ".snakemake/metadata"):
            writing.add(finished.folder / name, name)
    with tarfile.open(archive) as reading:
        reading.extractall(tmp_path / "elsewhere", filter="fully_trusted")
    assert not Workflow(tmp_path / "elsewhere", repository, SMALL).planned()
