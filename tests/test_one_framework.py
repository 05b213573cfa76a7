"""An original MMSegmentation and its continuation in one environment are told of."""

import subprocess
import sys

import pytest

from smallobjects.extras import UnfitError, missing_extra
from smallobjects.one_framework import CONTINUED, check_one_framework


def install(folder, name, number="1.2.2"):
    described = folder / f"{name.replace('-', '_')}-{number}.dist-info"
    described.mkdir(parents=True)
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n")


def test_the_environment_of_the_workflow_has_one():
    check_one_framework()


@pytest.mark.parametrize("published", CONTINUED)
def test_both_at_once_are_refused(tmp_path, monkeypatch, published):
    install(tmp_path, published)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UnfitError, match=f"{published} 1.2.2 and onedl-.* uninstall") as error:
        check_one_framework()
    assert missing_extra(error.value) == str(error.value)


def test_a_configuration_and_a_command_say_so(tmp_path):
    install(tmp_path, "mmsegmentation")
    for code in (
        "import smallobjects.segmentation.modules",
        "import smallobjects.metrics.mmseg_metric",
    ):
        done = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
            check=False, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 1
        assert "mmsegmentation 1.2.2 and onedl-mmsegmentation" in done.stderr.splitlines()[-1]
