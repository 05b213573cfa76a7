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
        "smallobjects.cli.reporting, smallobjects.reporting.output.score_latex, "
        "smallobjects.reporting.output.instance_latex, smallobjects.reporting.output.terminal, "
        "smallobjects.reporting.tables.intervals",
        "smallobjects.cli.figures, smallobjects.reporting.plots.classes, "
        "smallobjects.reporting.plots.samples, smallobjects.reporting.tables.samples",
        "smallobjects.cli.panels, smallobjects.cli.plots, "
        "smallobjects.reporting.panels.predictions, "
        "smallobjects.reporting.plots.gains, smallobjects.reporting.plots.trade, "
        "smallobjects.reporting.plots.sizes, smallobjects.reporting.plots.learning",
        "smallobjects.cli.pages, smallobjects.reporting.output.html_tables, "
        "smallobjects.reporting.tables.runtimes",
    ],
)
def test_no_heavy_imports(modules):
    script = SCRIPT.format(modules=modules)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
