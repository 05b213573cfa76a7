# From raw data to tables and figures. `snakemake` makes them all; `snakemake -n` says what that takes.
# The road: datasets → pseudo-labels → segmentors → scores → tables, figures.
from pathlib import Path


report: "workflow/report/workflow.rst"


configfile: Path(workflow.basedir) / "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/fetching.smk"
include: "workflow/rules/datasets.smk"
include: "workflow/rules/selections.smk"
include: "workflow/rules/saliency.smk"
# Labels may need a segmentor of their own, made by the rules of segmentors.
include: "workflow/rules/segmentors.smk"
include: "workflow/rules/scores.smk"


for rules_of_labels in LABELS.rule_files(
    Path(workflow.basedir) / "workflow/rules/pseudo_labels"
):

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
        CELLS.supplement_tables(),
        rules.figure1.output,
        rules.figure3.output,
        expand(rules.panels.output, dataset=EXPERIMENT.config.datasets),
        expand(rules.label_panels.output, dataset=PANELS.labelled()),
        rules.plots.output,
        rules.runtimes.output,
        rules.html_tables.output,
        rules.configuration.output,


onstart:
    prepare_run()


onsuccess:
    show_usage()


onerror:
    show_usage()
