# Needs: <root>/datasets/<dataset>/, and the folder or archive that `external` names.
# Makes: <root>/pseudo_labels/<dataset>/external:<name>/labels/ and manifest.json.


rule external_labels:
    """Check labels that somebody else made, and take them like any other."""
    input:
        dataset=f"{DATASET}/dataset.json",
    output:
        labels=directory(f"{SOURCE}/labels"),
        manifest=f"{SOURCE}/manifest.json",
    log:
        f"{LOGS}/external_labels/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/external_labels/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source=any_of(EXPERIMENT.of_family("external")),
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        dataset=subpath(input.dataset, parent=True),
        split=DATASETS.split("train"),
        score_split=DATASETS.split("label_score"),
        name=LABELS.external_name,
        path=LABELS.external_path,
    shell:
        "smallobjects external-labels --dataset {params.dataset:q} --split {params.split:q}"
        " --score-split {params.score_split:q} --name {params.name:q} --from {params.path:q}"
        " --labels {output.labels:q} --manifest {output.manifest:q} > {log:q} 2>&1"
