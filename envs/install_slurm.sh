#!/usr/bin/env bash
# Install the Slurm that the tests start, from Debian's or Ubuntu's packages. Only the tests need
# it: elsewhere those that do skip, and say so.
set -euo pipefail
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
if ! command -v apt-get > /dev/null || ! "${as_root[@]}" true 2> /dev/null; then
    echo "Slurm is missing and cannot be installed from here: install slurmctld, slurmd and munged." >&2
    exit 0
fi
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends \
    slurm-wlm munge
