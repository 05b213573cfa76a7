# Needs: <root>/datasets/<dataset>/ and the classifier of IRN's chain (irn.smk).
# Makes: <root>/pseudo_labels/<dataset>/amn/initial_cams/ and initial_seeds/, as that chain makes its
# own; amn.pth, trained on them; and cams/, from which the chain goes on.


ruleorder: make_amn_cams > make_cams


use rule make_cams as make_initial_cams with:
    output:
        cams=f"{SOURCE}/initial_cams/{{scatteritem}}.npz",
    log:
        f"{LOGS}/make_initial_cams/{{dataset}}/{{source}}/{{scatteritem}}.log",
    benchmark:
        f"{BENCHMARKS}/make_initial_cams/{{dataset}}/{{source}}/{{scatteritem}}.tsv"
    wildcard_constraints:
        source="amn",


use rule make_seeds as make_initial_seeds with:
    input:
        dataset=f"{DATASET}/dataset.json",
        cams=f"{SOURCE}/initial_cams/{{scatteritem}}.npz",
    output:
        seeds=f"{SOURCE}/initial_seeds/{{scatteritem}}.zip",
    log:
        f"{LOGS}/make_initial_seeds/{{dataset}}/{{source}}/{{scatteritem}}.log",
    benchmark:
        f"{BENCHMARKS}/make_initial_seeds/{{dataset}}/{{source}}/{{scatteritem}}.tsv"
    wildcard_constraints:
        source="amn",
    params:
        dataset=subpath(input.dataset, parent=True),
        parameters=LABELS.stage("initial_seed"),


rule train_amn:
    """Train the network that classifies pixels, on the initial seeds."""
    input:
        dataset=f"{DATASET}/dataset.json",
        classifier=LABELS.classifier_of,
        seeds=every_shard(f"{SOURCE}/initial_seeds/{{scatteritem}}.zip"),
        weights=FETCHED.stage_weights("amn"),
    output:
        amn=f"{SOURCE}/amn.pth",
    log:
        f"{LOGS}/train_amn/{{dataset}}/{{source}}.log",
    benchmark:
        f"{BENCHMARKS}/train_amn/{{dataset}}/{{source}}.tsv"
    wildcard_constraints:
        source="amn",
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
        parameters=LABELS.stage("amn"),
        seed=EXPERIMENT.config.label_seed,
        seeds=given("--seeds", "seeds"),
    shell:
        "exec smallobjects train-amn --dataset {params.dataset:q} --split {params.split:q}"
        " --classifier {input.classifier:q} {params.seeds}"
        " --parameters {params.parameters:q} --seed {params.seed:q} --threads {threads}"
        " --workers {resources.workers} --device {resources.device}"
        " --output {output.amn:q} > {log:q} 2>&1"


rule make_amn_cams:
    """Make the maps of one shard with that network, manipulated where its seeds are not background."""
    input:
        dataset=f"{DATASET}/dataset.json",
        amn=f"{SOURCE}/amn.pth",
        seeds=f"{SOURCE}/initial_seeds/{{scatteritem}}.zip",
    output:
        cams=f"{SOURCE}/cams/{{scatteritem}}.npz",
    log:
        f"{LOGS}/make_amn_cams/{{dataset}}/{{source}}/{{scatteritem}}.log",
    benchmark:
        f"{BENCHMARKS}/make_amn_cams/{{dataset}}/{{source}}/{{scatteritem}}.tsv"
    wildcard_constraints:
        source="amn",
    conda:
        ENVIRONMENT
    threads: COMPUTE.training_threads
    resources:
        gpu=ONE_GPU,
        device=COMPUTE.device,
    params:
        dataset=subpath(input.dataset, parent=True),
        split=DATASETS.split("train"),
        parameters=LABELS.stage("cam", without=["evaluation_threshold"]),
    shell:
        "smallobjects make-amn-cams --dataset {params.dataset:q} --split {params.split:q}"
        " --amn {input.amn:q} --seeds {input.seeds:q} --shard {wildcards.scatteritem}"
        " --parameters {params.parameters:q} --threads {threads} --device {resources.device}"
        " --output {output.cams:q} > {log:q} 2>&1"
