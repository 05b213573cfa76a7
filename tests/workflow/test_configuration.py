"""A configuration that cannot be run stops snakemake before any job, in words."""

import pytest

WRONG = [
    ({"methodss": []}, "methodss"),
    ({"losses": ["l1"]}, "losses.0 = 'l1'"),
    ({"matrix": [{"labels": ["irm"], "segmentors": ["deeplabv2"]}]}, "Did you mean irn?"),
    (
        {"settings": {"methods": {"irn": {"stages": {"seed": {"background_threshold": 2}}}}}},
        "methods.irn.stages.seed.background_threshold = 2",
    ),
    (
        {"settings": {"datasets": {"voc": {"raw": "no/such/folder"}}}},
        "settings.datasets.voc.raw = 'no/such/folder': there is no such file or folder",
    ),
    (
        {"settings": {"methods": {"irn": {"stages": {"classifier": {"weights": "mine.pth"}}}}}},
        "settings.methods.irn.stages.classifier.weights = 'mine.pth': there is no such file",
    ),
]


@pytest.mark.parametrize(("changes", "said"), WRONG, ids=[said for _, said in WRONG])
def test_no_job_starts(workflow, changes, said):
    run = workflow(changes)
    output = run.run(succeeds=False)
    assert said in output
    assert "Traceback" not in output
    assert not (run.folder / "results").exists()


def test_a_key_that_stands_twice_in_a_file_of_the_user(workflow, tmp_path):
    run = workflow()
    mine = tmp_path / "mine.yaml"
    mine.write_text("seeds: [0]\nlosses: [ce]\nseeds: [1]\n")
    output = run.run("--configfile", str(mine), succeeds=False)
    assert f"{mine}: not valid YAML: the key 'seeds' stands twice" in output
    assert "Traceback" not in output
    assert not (run.folder / "results").exists()
