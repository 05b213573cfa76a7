# Needs: <root>/datasets/<dataset>/, and the maps or the network that the dataset's `saliency` names.
# Makes: <root>/saliency/<dataset>/<split>/: one 8-bit <image id>.png for each image, and
# manifest.json; <root>/saliency/<dataset>/network.pt, where the network is trained here. They are
# made only for label sources that read them.


rule train_saliency:
    """Train a small saliency network on synthetic scenes of its own, apart from any dataset."""
    output:
        network=PLACES.saliency_network,
    log:
        f"{LOGS}/train_saliency/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/train_saliency/{{dataset}}.tsv"
    conda:
        ENVIRONMENT
    threads: COMPUTE.training_threads
    resources:
        gpu=ONE_GPU,
        device=COMPUTE.device,
        workers=COMPUTE.loader_workers,
    params:
        parameters=SALIENCY.settings("training"),
        network=SALIENCY.settings("network"),
        seed=EXPERIMENT.config.label_seed,
    shell:
        "exec smallobjects train-saliency --parameters {params.parameters:q}"
        " --network {params.network:q} --seed {params.seed:q} --threads {threads}"
        " --workers {resources.workers} --device {resources.device}"
        " --output {output.network:q} > {log:q} 2>&1"


rule train_saliency_on_masks:
    """Train a saliency network on the masks of images that nothing else is made of."""
    input:
        dataset=f"{DATASET}/dataset.json",
        weights=FETCHED.saliency_weights,
    output:
        network=PLACES.saliency_network,
    log:
        f"{LOGS}/train_saliency_on_masks/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/train_saliency_on_masks/{{dataset}}.tsv"
    wildcard_constraints:
        dataset=any_of(SALIENCY.learnt_on_masks),
    conda:
        ENVIRONMENT
    threads: COMPUTE.training_threads
    resources:
        gpu=ONE_GPU,
        device=COMPUTE.device,
        workers=COMPUTE.loader_workers,
    params:
        dataset=subpath(input.dataset, parent=True),
        parameters=SALIENCY.settings("training"),
        network=SALIENCY.settings("network"),
        seed=EXPERIMENT.config.label_seed,
    shell:
        "exec smallobjects train-saliency-on-masks --dataset {params.dataset:q}"
        " --parameters {params.parameters:q} --network {params.network:q} --seed {params.seed:q}"
        " --threads {threads} --workers {resources.workers} --device {resources.device}"
        " --output {output.network:q} > {log:q} 2>&1"


ruleorder: train_saliency_on_masks > train_saliency


rule make_saliency:
    """Check and take the saliency maps that are there, or predict them."""
    input:
        dataset=f"{DATASET}/dataset.json",
        network=SALIENCY.inputs,
    output:
        maps=directory(PLACES.saliency),
    log:
        f"{LOGS}/make_saliency/{{dataset}}/{{split}}.log",
    benchmark:
        f"{BENCHMARKS}/make_saliency/{{dataset}}/{{split}}.tsv"
    wildcard_constraints:
        split="[A-Za-z0-9_-]+",
    conda:
        ENVIRONMENT
    threads: COMPUTE.training_threads
    resources:
        gpu=ONE_GPU,
        device=COMPUTE.device,
    params:
        dataset=subpath(input.dataset, parent=True),
        source=SALIENCY.origin,
        parameters=SALIENCY.parameters,
    shell:
        "smallobjects make-saliency --dataset {params.dataset:q} --split {wildcards.split}"
        " --from {params.source:q} --parameters {params.parameters:q} --threads {threads}"
        " --device {resources.device} --output {output.maps:q} > {log:q} 2>&1"
