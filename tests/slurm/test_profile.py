"""What the Slurm profile asks for each rule, in all its variants."""

import re

import pytest
from snakemake.profiles import ProfileConfigFileParser

LOCAL = {"all", "fetched", "fetch_archive", "fetch_weights"}
LOCAL |= {"table1", "table2", "ablation", "figure1", "figure3", "supplement_table2"}
LOCAL |= {"supplement_table2_published", "runtimes", "html_tables", "configuration"}
RULE = re.compile(r"^(?:rule (\w+):|use rule (\w+) as (\w+) with:)$", re.MULTILINE)


@pytest.fixture
def requests(repository, monkeypatch):
    """Read the profile with some environment variables: the resources of each rule, as written."""

    def read(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(f"SMALLOBJECTS_SLURM_{name}", value)
        with (repository / "profiles" / "slurm" / "profile.yaml").open() as file:
            profile = ProfileConfigFileParser().parse(file)
        by_rule = {}
        for entry in profile["set-resources"]:
            rule, name, value = re.match(r"(\w+):(\w+)=(.*)", entry).groups()
            by_rule.setdefault(rule, {})[name] = value
        return profile, by_rule

    return read


@pytest.fixture(scope="module")
def gpus_of_rules(repository):
    """What every rule of every file says of its GPUs, as written; None where it says nothing."""
    gpus, bases = {}, {}
    for path in sorted([repository / "Snakefile", *repository.glob("workflow/rules/**/*.smk")]):
        parts = RULE.split(path.read_text())
        for rule, base, derived, body in zip(*(parts[i::4] for i in range(1, 5)), strict=True):
            said = re.search(r"^        gpu=(.*),$", body, re.MULTILINE)
            gpus[derived or rule] = said and said[1]
            bases[derived or rule] = base
    return {rule: gpu or gpus.get(bases[rule]) for rule, gpu in gpus.items()}


def test_every_rule_says_whether_it_uses_a_gpu(gpus_of_rules):
    silent = {rule for rule, gpu in gpus_of_rules.items() if gpu is None}
    assert silent <= {"all", "fetched"}, "each needs `gpu` among its resources"


def test_every_rule_with_a_gpu_has_an_entry(gpus_of_rules, requests):
    _, by_rule = requests()
    with_gpu = {rule for rule, gpu in gpus_of_rules.items() if gpu not in (None, "0")}
    assert len(with_gpu) > 10
    missing = with_gpu - by_rule.keys()
    assert not missing, "name them under set-resources of profiles/slurm/profile.yaml as gpu_job"
    for rule in with_gpu:
        assert int(by_rule[rule]["mem_mb"].split()[0]) >= 16000
        assert int(by_rule[rule]["runtime"].split()[0]) >= 60


def test_every_entry_is_a_rule_that_is_submitted(gpus_of_rules, requests):
    _, by_rule = requests()
    assert by_rule.keys() <= gpus_of_rules.keys() - LOCAL


def test_memory_and_time_double_on_a_retry_but_not_the_time_of_what_resumes(requests):
    _, by_rule = requests()
    of_attempts = [
        [eval(by_rule[rule][name], {"attempt": attempt, "min": min}) for attempt in (1, 2, 3, 4, 5)]
        for rule, name in (("make_cams", "runtime"), ("train_arm", "mem_mb"))
    ]
    assert [[value // each[0] for value in each] for each in of_attempts] == [[1, 2, 4, 4, 4]] * 2
    assert by_rule["train_arm"]["runtime"].isdigit()


def test_trainings_and_nothing_else_are_warned_and_run_in_place_of_their_shell(
    gpus_of_rules, requests, repository
):
    _, by_rule = requests(WARNING="60")
    warned = {rule for rule, entry in by_rule.items() if "slurm_extra" in entry}
    assert {by_rule[rule]["slurm_extra"] for rule in warned} == {"'--signal=TERM@60'"}
    assert warned == {rule for rule in gpus_of_rules if rule.startswith("train_")}
    commands = []
    for path in repository.glob("workflow/rules/**/*.smk"):
        commands += re.findall(
            r'^        "(.*smallobjects train-.*)"$', path.read_text(), re.MULTILINE
        )
    assert len(commands) > 13
    assert all(line.startswith("exec ") for line in commands)


def test_clusters_that_want_gres_get_it_for_the_same_rules(gpus_of_rules, requests):
    _, by_rule = requests(GPU_REQUEST="gres:a100", SEGMENTOR_GPUS="2")
    for rule, gpu in gpus_of_rules.items():
        if gpu in (None, "0"):
            assert "gres" not in by_rule.get(rule, {})
        else:
            segmentor = rule in ("train_shared", "train_arm", "train_first_segmentor")
            count = 2 if segmentor else 1
            assert by_rule[rule]["gres"] == f"'gpu:a100:{count}'"
            assert by_rule[rule]["gpu"] == "0"


def test_jobs_without_gpu_never_take_the_whole_queue(gpus_of_rules, requests):
    profile, by_rule = requests(CPU_JOBS="5")
    assert "cpu_jobs=5" in profile["resources"]
    assert "cpu_jobs=1" in profile["default-resources"]
    exempt = {rule for rule, entry in by_rule.items() if entry.get("cpu_jobs") == "0"}
    assert exempt == {rule for rule, gpu in gpus_of_rules.items() if gpu not in (None, "0")}


def test_account_partitions_and_qos_come_from_the_environment(requests):
    profile, by_rule = requests(
        ACCOUNT="vision", CPU_PARTITION="long", GPU_PARTITION="gpu-a", QOS="low"
    )
    defaults = profile["default-resources"]
    assert "slurm_account='vision'" in defaults
    assert "slurm_partition='long'" in defaults
    assert by_rule["predict"]["slurm_partition"] == "'gpu-a'"
    assert "slurm_partition" not in by_rule["score"]
    assert profile["slurm-qos"] == "low"


def test_without_variables_the_cluster_decides(requests):
    profile, by_rule = requests()
    assert not any("account" in entry or "partition" in entry for entry in profile)
    names = {entry.partition("=")[0] for entry in profile["default-resources"]}
    assert names == {"cpu_jobs", "mem_mb", "runtime"}
    assert profile["slurm-status-command"] == "squeue"
    assert "slurm-efficiency-report" not in profile
    assert not any("partition" in name for entry in by_rule.values() for name in entry)


def test_accounting_brings_its_efficiency_report(requests):
    profile, _ = requests(STATUS="sacct")
    assert profile["slurm-status-command"] == "sacct"
    assert profile["slurm-efficiency-report"]
