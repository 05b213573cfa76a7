# From raw data to tables and figures. `snakemake` makes them all; `snakemake -n` says what that takes.
# The road: datasets → pseudo-labels → segmentors → scores → tables, figures.
from pathlib import Path


report: "workflow/report/workflow.rst"


configfile: Path(workflow.basedir) / "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/common_datasets.smk"
include: "workflow/rules/common_labels.smk"
include: "workflow/rules/common_scores.smk"
include: "workflow/rules/common_tables.smk"
include: "workflow/rules/common_fetching.smk"
include: "workflow/rules/common_saliency.smk"
include: "workflow/rules/common_reporting.smk"
include: "workflow/rules/common_first_segmentor.smk"
include: "workflow/rules/fetching.smk"
include: "workflow/rules/datasets.smk"
include: "workflow/rules/selections.smk"
include: "workflow/rules/saliency.smk"
# Labels may need a segmentor of their own, made by the rules of segmentors.
include: "workflow/rules/segmentors.smk"
include: "workflow/rules/scores.smk"


for rules_of_labels in label_rules():

    include: rules_of_labels


include: "workflow/rules/reporting.smk"
include: "workflow/rules/pictures.smk"


localrules:
    all,


rule all:
    """Every table, figure and page of the experiment."""
    default_target: True
    input:
        rules.table1.output,
        rules.table2.output,
        supplement_tables(),
        rules.figure1.output,
        rules.figure3.output,
        expand(rules.panels.output, dataset=EXPERIMENT.config.datasets),
        expand(rules.label_panels.output, dataset=labelled()),
        rules.plots.output,
        rules.runtimes.output,
        rules.html_tables.output,
        rules.configuration.output,


onstart:
    require_paths(EXPERIMENT)
    keep_checksums(Path(EXPERIMENT.config.results))
    lift_default_limit()
    start_long_chains_first()
    end_jobs_of_earlier_runs()
    prepare_slurm()


onsuccess:
    show_usage()


onerror:
    show_usage()
