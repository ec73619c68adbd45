#!/bin/sh
# Makes a Debian tree with GIMP 3, Krita 5 and an X server for the tests of the editor plug-ins, as root.
# Usage: gimp-tree.sh TREE [MIRROR [SUITE]]. A complete tree is left as it is; an incomplete one is made anew.
# Debian 13 (trixie, the default) has GIMP 3.0; forky has GIMP 3.2.
set -eu
tree=${1:?usage: gimp-tree.sh TREE [MIRROR [SUITE]]}
suite=${3:-trixie}
mirror=${2:-}
mirror=${mirror:-$(grep -rhoE 'https?://[^ ]+/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null | head -n 1 | tr -d ' ')}
mirror=${mirror:-http://deb.debian.org/debian}

# Trees of before had no locales, without which GIMP speaks English alone.
if [ -e "$tree/.upreel-complete" ] && [ -e "$tree/usr/lib/locale/locale-archive" ]; then exit 0; fi
command -v mmdebstrap >/dev/null 2>&1 || sh "$(dirname "$0")/apt-install.sh" mmdebstrap

# Made under another name: a tree that an interruption left half made is never taken for one.
making="$tree.making"
rm -rf --one-file-system "$making"
mkdir -p "$(dirname "$tree")"
echo "Making a Debian tree ($suite) with GIMP in $tree ..." >&2
# apt-packages: ImageMagick photographs the screen, openbox gives windows titles and focus.
TMPDIR=$(dirname "$tree") mmdebstrap --quiet --mode=root --variant=apt \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
  --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Check-Valid-Until "false"' \
  --include=ca-certificates,gimp,xvfb,xdotool,openbox,imagemagick,xauth,adwaita-icon-theme,fonts-dejavu-core,fonts-noto-cjk,krita,python3-pyqt5,locales \
  --customize-hook='for l in de_DE ko_KR; do chroot "$1" localedef -i $l -f UTF-8 $l.UTF-8; done' \
  "$suite" "$making" "$mirror" >&2
rm -rf --one-file-system "$tree"
touch "$making/.upreel-complete"
mv "$making" "$tree"
