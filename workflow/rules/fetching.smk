# Needs: the network, where something is missing.
# Makes: <downloads>/archives/<archive>, what is unpacked from them, <downloads>/voc/ (VOC 2012 and
# SBD), each with <name>.record.json beside it; and weights/<name>.
#
# Snakemake deletes what a rule declares as output before a job runs again. So of what is large, the
# record is declared, and the commands leave alone what is there; weights are marked as updated, not
# made anew. Files and folders without a record are a user's own: no rule makes them.


localrules:
    fetch_archive,
    fetch_weights,
    fetched,


rule fetch_archive:
    """Fetch an archive, going on where an earlier attempt stopped, and check it."""
    output:
        record=f"{DOWNLOADS}/archives/{{archive}}.record.json",
    log:
        f"{LOGS}/fetch_archive/{{archive}}.log",
    benchmark:
        f"{BENCHMARKS}/fetch_archive/{{archive}}.tsv"
    wildcard_constraints:
        archive=any_of(EXPERIMENT.downloads.archives),
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
        source=FETCHED.archive_source,
    params:
        archive=f"{DOWNLOADS}/archives/{{archive}}",
    shell:
        "smallobjects fetch {wildcards.archive} --parameters {resources.source:q}"
        " --output {params.archive:q} > {log:q} 2>&1"


rule fetch_weights:
    """Fetch pretrained weights, going on where an earlier attempt stopped, and check them."""
    output:
        weights=update("weights/{name}"),
    log:
        f"{LOGS}/fetch_weights/{{name}}.log",
    benchmark:
        f"{BENCHMARKS}/fetch_weights/{{name}}.tsv"
    wildcard_constraints:
        name=any_of(FETCHED.fetchable()),
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
        source=FETCHED.weights_source,
    shell:
        "smallobjects fetch {wildcards.name} --parameters {resources.source:q}"
        " --output {output.weights:q} > {log:q} 2>&1"


rule unpack:
    """Unpack a folder or file of an archive, whole or not at all."""
    input:
        ancient(FETCHED.archive_record),
    output:
        record=f"{DOWNLOADS}/{{place}}.record.json",
    log:
        f"{LOGS}/unpack/{{place}}.log",
    benchmark:
        f"{BENCHMARKS}/unpack/{{place}}.tsv"
    wildcard_constraints:
        place=any_of(EXPERIMENT.downloads.places),
    conda:
        ENVIRONMENT
    resources:
        gpu=0,
    params:
        archive=FETCHED.archive_of,
        member=FETCHED.archive_member,
        folder=f"{DOWNLOADS}/{{place}}",
    shell:
        "smallobjects unpack {params.archive:q} --member {params.member:q}"
        " --output {params.folder:q} > {log:q} 2>&1"


rule join_sbd:
    """Join VOC 2012 and the masks of SBD to the raw data with the split train_aug."""
    input:
        voc=ancient(FETCHED.part_record("unpacked/VOC2012")),
        sbd=ancient(FETCHED.part_record("unpacked/SBD")),
    output:
        raw=directory(f"{DOWNLOADS}/voc"),
        record=f"{DOWNLOADS}/voc.record.json",
    log:
        f"{LOGS}/join_sbd.log",
    benchmark:
        f"{BENCHMARKS}/join_sbd.tsv"
    conda:
        ENVIRONMENT
    threads: COMPUTE.image_threads
    resources:
        gpu=0,
    params:
        voc=FETCHED.downloaded("unpacked/VOC2012"),
        sbd=FETCHED.downloaded("unpacked/SBD"),
    shell:
        "smallobjects convert-sbd --voc {params.voc:q} --sbd {params.sbd:q} --workers {threads}"
        " --output {output.raw:q} > {log:q} 2>&1"


rule fetched:
    """All raw data and weights of the experiment; a target by which they can be got beforehand."""
    input:
        FETCHED.everything,
