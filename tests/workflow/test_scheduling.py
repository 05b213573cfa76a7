"""When Snakemake's scheduler looks at the jobs that wait."""

LABELS = "results/demo/pseudo_labels"
TARGETS = [f"{LABELS}/{dataset}/irn/classifier.pth" for dataset in ("voc", "coco")]


def test_it_looks_when_a_job_has_ended_and_at_no_other_time(workflow):
    run = workflow()
    output = run.run("--verbose", "--cores", "1", *TARGETS)
    jobs = output.count("Finished jobid: ")
    assert jobs == 6
    # Its limit of jobs per second would wake it each second, once for every start and end so far.
    assert output.count("Ready jobs: ") <= 2 * jobs
