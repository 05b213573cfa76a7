# Needs: raw data with LVIS annotations; where the configuration names one, a decisions file.
# Makes: <root>/selections/<dataset>/: candidates.parquet, then images.txt and report.json. Only for
# a dataset with a split whose source is `selection`: PASCAL-B.


rule find_candidates:
    """List every image that shows a class, with its instances by class and size, and hints."""
    input:
        synthetic=DATASETS.raw_inputs,
        fetched=ancient(FETCHED.raw),
    output:
        candidates=f"{SELECTION}/candidates.parquet",
    log:
        f"{LOGS}/find_candidates/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/find_candidates/{{dataset}}.tsv"
    conda:
        ENVIRONMENT
    threads: COMPUTE.image_threads
    resources:
        gpu=0,
    params:
        raw=DATASETS.raw_folder,
        parameters=DATASETS.lvis_parameters,
        size_limits=DATASETS.two_size_limits,
    shell:
        "smallobjects find-candidates --raw {params.raw:q} --parameters {params.parameters:q}"
        " --size-limits {params.size_limits} --workers {threads} --output {output.candidates:q}"
        " > {log:q} 2>&1"


rule select_images:
    """Select images among the candidates, balanced over classes and sizes."""
    input:
        candidates=f"{SELECTION}/candidates.parquet",
        decisions=DATASETS.decisions,
    output:
        images=f"{SELECTION}/images.txt",
        report=f"{SELECTION}/report.json",
    log:
        f"{LOGS}/select_images/{{dataset}}.log",
    benchmark:
        f"{BENCHMARKS}/select_images/{{dataset}}.tsv"
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        parameters=DATASETS.selection_parameters,
        decisions=DATASETS.decisions_option,
    shell:
        "smallobjects select-images --candidates {input.candidates:q} {params.decisions}"
        " --parameters {params.parameters:q} --images {output.images:q} --report {output.report:q}"
        " > {log:q} 2>&1"
