#!/bin/sh
# Runs inside the tree: GIMP on a screen of its own, driven by keys. gui.sh FOLDER DISPLAY [TITLE PREVIEW-KEY]
# FOLDER has photo.png and profile/; it gets screenshots, and steps.log with one line for each step that was seen.
# With the dialog's title in another language, and the key of its preview, only the dialog is looked at.
set -eu
folder=$1
title=${3:-Upscale}
export DISPLAY=":$2" NO_AT_BRIDGE=1 GIMP3_DIRECTORY="$folder/profile"
seen() { echo "$1" >>"$folder/steps.log"; import -window root "$folder/$1.png"; }
pids=''
finish() { for pid in $pids; do kill "$pid" 2>/dev/null || :; done; }
trap finish EXIT

Xvfb "$DISPLAY" -screen 0 1280x900x24 -nolisten tcp >"$folder/xvfb.log" 2>&1 & pids="$! $pids"
for _ in $(seq 100); do xdotool getdisplaygeometry >/dev/null 2>&1 && break; sleep 0.1; done
openbox >"$folder/openbox.log" 2>&1 & pids="$! $pids"
gimp -n -s "$folder/photo.png" >"$folder/gimp.log" 2>&1 & gimp=$!; pids="$gimp $pids"

# A window by its title, within some seconds.
window() {
  for _ in $(seq $(($2 * 5))); do
    id=$(xdotool search --onlyvisible --name "$1" 2>/dev/null | tail -n 1)
    if [ -n "$id" ]; then return 0; fi
    sleep 0.2
  done
  echo "no window: $1" >>"$folder/steps.log"; import -window root "$folder/missing.png"; exit 1
}
gone() {
  for _ in $(seq $(($2 * 5))); do
    xdotool search --onlyvisible --name "$1" >/dev/null 2>&1 || return 0
    sleep 0.2
  done
  echo "window stays: $1" >>"$folder/steps.log"; import -window root "$folder/missing.png"; exit 1
}
dialog() {
  window "$1" 60; xdotool windowactivate --sync "$id"; sleep 0.5
  xdotool key ctrl+shift+alt+u
  window "^$title\$" 40; xdotool windowactivate --sync "$id"; sleep 1
}

window 'photo.*96x72' 120; xdotool windowactivate --sync "$id"; sleep 1
if [ -n "${4:-}" ]; then
  dialog 'photo.*96x72'
  xdotool key "alt+$4"; sleep 8; seen dialog
  echo end >>"$folder/steps.log"
  exit 0
fi
# Filters > Enhance has the entry, which opens the dialog; that has a preview.
xdotool key alt+r; sleep 1; for key in Down Down Right; do xdotool key $key; sleep 0.3; done; sleep 1; seen menu
xdotool key c
window '^Upscale$' 40; xdotool windowactivate --sync "$id"; sleep 1
# The preview is of the spot that was clicked.
xdotool mousemove --window "$id" 580 95 click 1; sleep 0.5; xdotool key alt+p; sleep 8; seen dialog
# To a new image.
xdotool key alt+o
window '384x288' 60; sleep 1; seen new-image
xdotool windowactivate --sync "$id"; xdotool key ctrl+w; sleep 1; xdotool key alt+d; sleep 1
# The last values again, without a dialog.
window 'photo.*96x72' 10; xdotool windowactivate --sync "$id"; sleep 0.5
xdotool key ctrl+f
window '384x288' 60; sleep 1; seen last-values
xdotool windowactivate --sync "$id"; xdotool key ctrl+w; sleep 1; xdotool key alt+d; sleep 1

# In place, undone, redone.
dialog 'photo.*96x72'
xdotool key alt+i; sleep 0.3; xdotool key space; sleep 0.7; xdotool key End; sleep 0.5; xdotool key Return; sleep 0.5
seen dialog-in-place
xdotool key alt+o
window '384x288' 60; xdotool windowactivate --sync "$id"; xdotool key ctrl+shift+j; sleep 1.5; seen in-place
xdotool windowactivate --sync "$id"; xdotool key ctrl+z
window 'photo.*96x72' 20; xdotool windowactivate --sync "$id"; xdotool key ctrl+shift+j; sleep 1.5; seen undone
xdotool windowactivate --sync "$id"; xdotool key ctrl+y
window '384x288' 20; xdotool windowactivate --sync "$id"; xdotool key ctrl+shift+j; sleep 1.5; seen redone
xdotool windowactivate --sync "$id"; xdotool key ctrl+z
window 'photo.*96x72' 20; sleep 1

# Cancelled while it works: the button at the right of the status bar.
dialog 'photo.*96x72'
# Eight runs of many tiles: more work than any machine does before the button is pressed.
xdotool key alt+b; sleep 0.3; xdotool key alt+e; xdotool key ctrl+a; xdotool type 8; sleep 0.3; xdotool key alt+o
sleep 3; seen working
xdotool mousemove 530 603 click 1
window 'photo.*96x72' 10; xdotool windowactivate --sync "$id"; xdotool key ctrl+shift+j
sleep 2; seen cancelled

# The service cannot be started: one box with one sentence.
cp "$folder/broken-config.json" "$folder/profile/plug-ins/upreel/bridge-config.json"
window 'photo.*96x72' 10; xdotool windowactivate --sync "$id"; sleep 0.5
xdotool key ctrl+shift+alt+u
window 'GIMP Message' 40; sleep 1; seen error
echo end >>"$folder/steps.log"
