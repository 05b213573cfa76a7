# Needs: <root>/datasets/<dataset>/, <root>/pseudo_labels/<dataset>/<source>/labels/, and the
# pretrained weights that the settings name.
# Makes: <root>/segmentors/<dataset>/<source>/<segmentor>/seed<k>/: shared.pth, then one
# <loss>.pth for every loss, continued from it.
#
# A training takes the place of its shell (exec): SIGTERM, which a cluster sends before it ends a
# job, would end a shell at once, and the job with it, before the training has saved a checkpoint.


rule train_shared:
    """Train with cross-entropy up to the switch: the phase that every loss shares."""
    input:
        dataset=f"{DATASET}/dataset.json",
        labels=f"{SOURCE}/labels",
        weights=FETCHED.segmentor_weights,
    output:
        checkpoint=f"{SEGMENTOR}/shared.pth",
    log:
        f"{LOGS}/train_shared/{{dataset}}/{{source}}/{{segmentor}}/seed{{seed}}.log",
    benchmark:
        f"{BENCHMARKS}/train_shared/{{dataset}}/{{source}}/{{segmentor}}/seed{{seed}}.tsv"
    conda:
        ENVIRONMENT
    threads: COMPUTE.training_threads
    resources:
        gpu=COMPUTE.gpus,
        processes=max(COMPUTE.gpus, 1),
        device=COMPUTE.device,
        workers=COMPUTE.loader_workers,
    params:
        dataset=subpath(input.dataset, parent=True),
        split=DATASETS.split("train"),
        parameters=MODELS.training("shared"),
        seed="{seed}",
    shell:
        "exec smallobjects train-segmentor --dataset {params.dataset:q} --split {params.split:q}"
        " --labels {input.labels:q} --arm shared --parameters {params.parameters:q}"
        " --seed {params.seed:q} --threads {threads} --workers {resources.workers}"
        " --device {resources.device} --processes {resources.processes} --work-dir {output.checkpoint:q}.work"
        " --output {output.checkpoint:q} > {log:q} 2>&1"


rule train_arm:
    """Continue the shared phase to the end with one loss: ce, sw or sb, or another τ or λ."""
    input:
        dataset=f"{DATASET}/dataset.json",
        labels=f"{SOURCE}/labels",
        shared=f"{SEGMENTOR}/shared.pth",
    output:
        checkpoint=f"{SEGMENTOR}/{{loss}}.pth",
    log:
        f"{LOGS}/train_arm/{CELL}.log",
    benchmark:
        f"{BENCHMARKS}/train_arm/{CELL}.tsv"
    conda:
        ENVIRONMENT
    threads: COMPUTE.training_threads
    resources:
        gpu=COMPUTE.gpus,
        processes=max(COMPUTE.gpus, 1),
        device=COMPUTE.device,
        workers=COMPUTE.loader_workers,
    params:
        dataset=subpath(input.dataset, parent=True),
        split=DATASETS.split("train"),
        parameters=MODELS.training(),
        arm=MODELS.arm_kind,
    shell:
        "exec smallobjects train-segmentor --dataset {params.dataset:q} --split {params.split:q}"
        " --labels {input.labels:q} --arm {params.arm:q} --shared {input.shared:q}"
        " --parameters {params.parameters:q}"
        " --seed {wildcards.seed} --threads {threads} --workers {resources.workers}"
        " --device {resources.device} --processes {resources.processes} --work-dir {output.checkpoint:q}.work"
        " --output {output.checkpoint:q} > {log:q} 2>&1"
