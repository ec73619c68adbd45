#!/bin/sh
# apt-get install PACKAGES, as root or through sudo; says what to do where there is neither.
set -eu
if ! command -v apt-get >/dev/null 2>&1; then
  echo "upreel needs $*: install it with your system's package manager, then run this again." >&2
  exit 2
fi
if [ "$(id -u)" = 0 ]; then as_root=''; elif command -v sudo >/dev/null 2>&1; then as_root=sudo; else
  echo "upreel needs $*: run as root: apt-get install $*" >&2
  exit 2
fi
export DEBIAN_FRONTEND=noninteractive
echo "Installing $* ..." >&2
$as_root apt-get update -qq
$as_root apt-get install -y -qq --no-install-recommends "$@" >/dev/null
