#!/usr/bin/env bash
# Snakemake runs this once in the new environment, from the folder it was started in.
set -euo pipefail
pip install --quiet --no-deps --require-hashes -r envs/requirements.txt
pip install --quiet --no-deps --no-build-isolation .
