#!/bin/sh
# Runs a command in a tree of gimp-tree.sh, as root: in-tree.sh TREE COMMAND...
# This checkout, its node_modules, /tmp and node have the same paths inside as outside. The mounts are private to the
# command's namespace and are gone with it.
set -eu
tree=${1:?usage: in-tree.sh TREE COMMAND...}
shift
root=$(cd "$(dirname "$0")/.." && pwd -P)
modules=$(readlink -f "$root/node_modules")
node=$(readlink -f "$(command -v node)")

# The tree itself is only ever changed in a copy-free way: empty places to mount on.
place() { if [ -d "$1" ]; then mkdir -p "$tree$1"; else mkdir -p "$tree$(dirname "$1")"; [ -e "$tree$1" ] || : >"$tree$1"; fi; }
for path in "$root" "$modules" "$node"; do
  case $path in /tmp/*) ;; *) place "$path" ;; esac
done

export UPREEL_TREE="$tree" UPREEL_ROOT="$root" UPREEL_MODULES="$modules" UPREEL_NODE="$node"
exec unshare --mount --propagation private sh -euc '
  mount -t proc proc "$UPREEL_TREE/proc"
  mount --rbind /dev "$UPREEL_TREE/dev"
  mount --bind /tmp "$UPREEL_TREE/tmp"
  for path in "$UPREEL_ROOT" "$UPREEL_MODULES" "$UPREEL_NODE"; do
    case $path in /tmp/*) ;; *) mount --bind "$path" "$UPREEL_TREE$path" ;; esac
  done
  exec chroot "$UPREEL_TREE" "$@"
' in-tree "$@"
