#!/bin/sh
# Programs that some tests run as users would: Chromium opens the interactive page, LaTeX compiles the reports.
# Debian's packages are installed where that can be done; elsewhere those tests are skipped and say what is missing.
missing=
command -v chromium >/dev/null || missing="chromium"
kpsewhich booktabs.sty >/dev/null 2>&1 || missing="$missing texlive-latex-base texlive-latex-recommended"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq >/dev/null && apt-get install -qq -y --no-install-recommends $missing >/dev/null
else
    echo "tests that need $missing will be skipped; install them to run those tests" >&2
fi
