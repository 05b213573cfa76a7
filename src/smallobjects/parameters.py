"""The base of every validated parameter set."""

from pydantic import BaseModel, ConfigDict


class Parameters(BaseModel):
    """Parameters that refuse unknown keys and do not change after they are made.

    A rule passes them to the command line as one JSON object (`--parameters '{...}'`), which is
    what Snakemake compares to decide whether a stage must run again.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)
