#!/usr/bin/env bash
# Install the LaTeX that compiles the tables, from Debian's or Ubuntu's packages. It is needed by
# one test only: elsewhere that test skips, and says so.
set -euo pipefail
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
if ! command -v apt-get > /dev/null || ! "${as_root[@]}" true 2> /dev/null; then
    echo "pdflatex is missing and cannot be installed from here: install TeX Live with booktabs." >&2
    exit 0
fi
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends \
    texlive-latex-base texlive-latex-recommended
