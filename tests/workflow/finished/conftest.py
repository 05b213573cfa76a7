"""One finished run, which the tests of this folder read."""

import pytest
from small_workflow import Workflow


@pytest.fixture(scope="session")
def finished(workflow) -> Workflow:
    """The whole small matrix, run once for every test that reads it."""
    run = workflow()
    run.run()
    return run
