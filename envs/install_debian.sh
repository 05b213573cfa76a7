#!/usr/bin/env bash
# Install what single tests need, from Debian's or Ubuntu's packages: install_debian.sh WHAT PACKAGE…
# Elsewhere those tests skip, and say so.
set -euo pipefail
what=$1
shift
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
if ! command -v apt-get > /dev/null || ! "${as_root[@]}" true 2> /dev/null; then
    echo "$what is missing and cannot be installed from here." >&2
    exit 0
fi
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@"
