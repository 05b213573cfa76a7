"""Scores and tables start without the training framework."""

import subprocess
import sys

import pytest

SCRIPT = """
import sys
import {modules}
heavy = [name for name in ("torch", "mmseg", "mmcv", "cv2", "matplotlib") if name in sys.modules]
sys.exit(f"imported {{heavy}}" if heavy else 0)
"""


@pytest.mark.parametrize(
    "modules",
    [
        "smallobjects.cli.metrics, smallobjects.metrics.folders",
        "smallobjects.cli.curves, smallobjects.metrics.curve_plot, "
        "smallobjects.metrics.accumulator",
        "smallobjects.cli.reporting, smallobjects.reporting.score_latex, "
        "smallobjects.reporting.instance_latex, smallobjects.reporting.terminal, "
        "smallobjects.reporting.intervals",
        "smallobjects.cli.figures, smallobjects.reporting.class_plot, "
        "smallobjects.reporting.sample_plot, smallobjects.reporting.samples",
        "smallobjects.cli.panels, smallobjects.reporting.panels, smallobjects.cli.plots, "
        "smallobjects.reporting.gain_plot, smallobjects.reporting.trade_plot, "
        "smallobjects.reporting.size_plot, smallobjects.reporting.learning_plot",
        "smallobjects.cli.pages, smallobjects.reporting.html_tables, "
        "smallobjects.reporting.runtimes",
    ],
)
def test_no_heavy_imports(modules):
    script = SCRIPT.format(modules=modules)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
