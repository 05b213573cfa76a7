# Needs: <root>/datasets/<dataset>/ and the classifier of IRN's chain (irn.smk).
# Makes: <root>/pseudo_labels/<dataset>/rib/cams/, from which that chain goes on.


ruleorder: make_rib_cams > make_cams


rule make_rib_cams:
    """Make the maps of one shard, with the classifier fine-tuned on each image by itself."""
    input:
        dataset=f"{DATASET}/dataset.json",
        classifier=LABELS.classifier_of,
    output:
        cams=f"{SOURCE}/cams/{{scatteritem}}.npz",
    log:
        f"{LOGS}/make_rib_cams/{{dataset}}/{{source}}/{{scatteritem}}.log",
    benchmark:
        f"{BENCHMARKS}/make_rib_cams/{{dataset}}/{{source}}/{{scatteritem}}.tsv"
    wildcard_constraints:
        source="rib",
    conda:
        ENVIRONMENT
    threads: COMPUTE.training_threads
    resources:
        gpu=ONE_GPU,
        device=COMPUTE.device,
        workers=COMPUTE.loader_workers,
    params:
        dataset=subpath(input.dataset, parent=True),
        split=DATASETS.split("train"),
        parameters=LABELS.stage("rib"),
        cam=LABELS.stage("cam", without=["evaluation_threshold"]),
        seed=EXPERIMENT.config.label_seed,
    shell:
        "smallobjects make-rib-cams --dataset {params.dataset:q} --split {params.split:q}"
        " --classifier {input.classifier:q} --shard {wildcards.scatteritem}"
        " --parameters {params.parameters:q} --cam {params.cam:q} --seed {params.seed:q}"
        " --threads {threads} --workers {resources.workers} --device {resources.device}"
        " --output {output.cams:q} > {log:q} 2>&1"
