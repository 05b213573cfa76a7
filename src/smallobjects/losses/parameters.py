"""Parameters of the size-balanced losses (paper, Eq. of L_sw; supplement, Eq. 1)."""

from typing import Annotated

from pydantic import Field, NonNegativeFloat, PositiveFloat

from smallobjects.parameters import Parameters


class SizeWeightParameters(Parameters):
    """L_sw: cross-entropy weighted by the size of the object a pixel lies in."""

    tau: PositiveFloat
    """Largest weight of a pixel."""


class EwcParameters(Parameters):
    """Elastic weight consolidation, which turns L_sw into L_sb."""

    strength: NonNegativeFloat
    """λ of the supplement's Eq. 1: the penalty is λ/2 · Σ F (θ − θ*)²."""
    fisher_decay: Annotated[float, Field(gt=0, le=1)]
    """Share of the newest squared gradient in the running average F ← d·g² + (1 − d)·F."""
