"""A GPU that was asked for and cannot be used ends the work at once, and says why."""

import re

import pytest
import torch

from smallobjects import cuda
from smallobjects.devices import find_device
from smallobjects.pseudo_labels.devices import prepare_device
from smallobjects.pseudo_labels.errors import BadInputError
from smallobjects.segmentation.devices import select_device
from smallobjects.segmentation.errors import SegmentationError

TOO_OLD = (
    "The NVIDIA driver on your system is too old (found version 11040). Please update your GPU "
    "driver by downloading and installing a new version from the URL: http://www.nvidia.com/"
)
ENVIRONMENT = (
    "CUDA_VISIBLE_DEVICES", "SLURM_JOB_ID", "SLURM_JOB_GPUS", "SLURM_STEP_GPUS",
    "SLURM_GPUS_ON_NODE",
)  # fmt: skip


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Sets up what this process finds of GPUs, driver and CUDA."""
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(cuda, "DEVICE_FILES", tmp_path)
    monkeypatch.setattr(cuda, "DRIVER_VERSION", tmp_path / "version")

    def refuse():
        raise RuntimeError(TOO_OLD)

    def make(gpus=0, usable=False, build="13.0", code=("sm_90",), kind=(9, 0), **environment):
        for number in range(gpus):
            (tmp_path / f"nvidia{number}").touch()
        if gpus:
            (tmp_path / "nvidiactl").touch()
            (tmp_path / "version").write_text(
                "NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.82.01  Wed Oct 27 21:21:55 UTC"
                "\nGCC version:  gcc version 12.2.0\n"
            )
        monkeypatch.setattr(torch.version, "cuda", build)
        monkeypatch.setattr(torch.cuda, "is_available", lambda: usable)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus if usable else 0)
        monkeypatch.setattr(torch.cuda, "init", refuse)
        monkeypatch.setattr(torch.cuda, "get_arch_list", lambda: list(code))
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda index: kind)
        monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "GeForce")
        for name, value in environment.items():
            monkeypatch.setenv(name, value)

    return make


def refusal(name):
    with pytest.raises(ValueError, match="CUDA cannot be used here") as caught:
        find_device(name)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_without_a_gpu_auto_is_the_cpu(machine):
    machine()
    assert find_device("auto") == torch.device("cpu")


def test_with_a_gpu_that_works_auto_is_cuda(machine):
    machine(gpus=1, usable=True)
    assert find_device("auto") == find_device("cuda") == torch.device("cuda")


@pytest.mark.parametrize("name", ["auto", "cuda", "cuda:0"])
def test_a_driver_that_is_too_old_ends_the_work(machine, name):
    machine(gpus=1)
    message = refusal(name)
    assert "driver on your system is too old (found version 11040)" in message
    assert "NVIDIA driver here: 470.82.01" in message
    assert f"PyTorch {torch.__version__} is made for CUDA 13.0" in message
    assert "docs/cluster.md, 'Another CUDA'" in message
    assert "--device cpu" in message
    assert "www.nvidia.com" not in message


def test_a_gpu_that_is_asked_for_where_there_is_none(machine):
    machine()
    assert "NVIDIA driver here: none" in refusal("cuda")


def test_a_build_without_cuda_on_a_machine_with_a_gpu(machine):
    machine(gpus=1, build=None)
    assert "is made for no CUDA (a build for CPUs)" in refusal("auto")


def test_a_device_number_that_is_not_there(machine):
    machine(gpus=2, usable=True)
    assert find_device("cuda:1").index == 1
    assert "torch sees 2 CUDA devices" in refusal("cuda:2")


@pytest.mark.parametrize(
    ("code", "kind", "runs"),
    [
        (("sm_75", "sm_80", "sm_90"), (8, 6), True),
        (("sm_75", "sm_80", "sm_90"), (9, 0), True),
        (("sm_75", "sm_80"), (6, 1), False),
        (("sm_75", "sm_80"), (9, 0), False),
        (("sm_75", "sm_86"), (8, 0), False),
        (("sm_75", "compute_80"), (9, 0), True),
        (("sm_100", "sm_120"), (12, 0), True),
        (("sm_90a", "sm_90"), (9, 0), True),
        ((), (9, 0), True),
    ],
)
def test_a_kind_of_gpu_that_the_build_has_no_code_for(machine, code, kind, runs):
    machine(gpus=1, usable=True, code=code, kind=kind)
    if runs:
        assert find_device("cuda") == torch.device("cuda")
    else:
        assert re.search(rf"no code for GeForce .*{kind[0]}\.{kind[1]}", refusal("auto"))


@pytest.mark.parametrize(
    ("environment", "meant"),
    [
        ({"CUDA_VISIBLE_DEVICES": ""}, False),
        ({"CUDA_VISIBLE_DEVICES": "-1"}, False),
        ({"CUDA_VISIBLE_DEVICES": "0"}, True),
        ({"SLURM_JOB_ID": "7"}, False),
        ({"SLURM_JOB_ID": "7", "SLURM_JOB_GPUS": "0"}, True),
        ({"SLURM_JOB_ID": "7", "SLURM_GPUS_ON_NODE": "1"}, True),
        ({"SLURM_JOB_ID": "7", "SLURM_GPUS_ON_NODE": "0"}, False),
        ({"SLURM_JOB_ID": "7", "SLURM_JOB_GPUS": "0", "CUDA_VISIBLE_DEVICES": ""}, False),
    ],
)
def test_who_asked_for_no_gpu_gets_the_cpu(machine, environment, meant):
    machine(gpus=1, **environment)
    if meant:
        refusal("auto")
    else:
        assert find_device("auto") == torch.device("cpu")


def test_a_job_of_slurm_that_was_given_a_gpu_stops_without_a_device_file(machine):
    machine(SLURM_JOB_ID="7", SLURM_JOB_GPUS="3")
    refusal("auto")


def test_every_room_stops_with_one_line(machine):
    machine(gpus=1)
    with pytest.raises(BadInputError, match=r"470\.82\.01"):
        prepare_device("auto", 1)
    with pytest.raises(SegmentationError, match=r"470\.82\.01"):
        select_device("auto")


def test_the_version_of_an_open_driver(monkeypatch, tmp_path):
    monkeypatch.setattr(cuda, "DRIVER_VERSION", tmp_path / "version")
    assert cuda.driver_version() is None
    (tmp_path / "version").write_text(
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build\nGCC"
    )
    assert cuda.driver_version() == "550.54.15"
