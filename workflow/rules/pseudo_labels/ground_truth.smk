# Needs: <root>/datasets/<dataset>/.
# Makes: <root>/pseudo_labels/<dataset>/full/labels/ and manifest.json: the ground truth as labels.


rule ground_truth_labels:
    """Take the class masks as labels: the fully-supervised rows are just another label source."""
    input:
        dataset=f"{DATASET}/dataset.json",
    output:
        labels=directory(f"{SOURCE}/labels"),
        manifest=f"{SOURCE}/manifest.json",
    log:
        f"{LOGS}/ground_truth_labels/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/ground_truth_labels/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=any_of(EXPERIMENT.of_family("ground_truth")),
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        dataset=subpath(input.dataset, parent=True),
        split=DATASETS.split("train"),
        score_split=DATASETS.split("label_score"),
    shell:
        "smallobjects ground-truth-labels --dataset {params.dataset:q} --split {params.split:q}"
        " --score-split {params.score_split:q} --labels {output.labels:q}"
        " --manifest {output.manifest:q} > {log:q} 2>&1"
