#!/bin/sh
# Runs inside the tree: GIMP on a screen of its own, driven by keys. gui.sh FOLDER [TITLE PREVIEW-KEY]
# FOLDER has photo.png and profile/, whose window titles end in the size and the zoom; it gets screenshots, and steps.log
# with one line for each step that was seen, or what was on the screen when a step failed.
# With the dialog's title in another language, and the key of its preview, only the dialog is looked at.
#
# Machines may be slow: nothing goes on because some time is over. A key is sent to a window that has the keyboard, and
# again when its effect has not been seen.
set -eu
folder=$1
title="^${2:-Upscale}\$"
export NO_AT_BRIDGE=1 GIMP3_DIRECTORY="$folder/profile"
# Seconds until a step has failed, and until a key was lost: much more than they take.
limit=600
patience=30

xvfb='' openbox='' gimp=''
finish() {
  for pid in $gimp $openbox $xvfb; do
    kill "$pid" 2>/dev/null || :
    for _ in $(seq 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null || :
    wait "$pid" 2>/dev/null || :
  done
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

now() { date +%s; }
windows() { xdotool search --onlyvisible --name '.' 2>/dev/null | while read -r id; do xdotool getwindowname "$id" || :; done; }
seen() { import -window root "$folder/$1.png"; echo "$1" >>"$folder/steps.log"; }
fail() {
  {
    echo "failed: $1"
    echo "on screen: $(windows 2>/dev/null | grep . | tr '\n' '|')"
    for name in gimp xvfb openbox state/service; do echo "$name.log: $(tail -n 8 "$folder/$name.log" 2>/dev/null)"; done
  } >>"$folder/steps.log"
  import -window root "$folder/failed.png" || :
  exit 1
}
# check DEADLINE WORDS: fails when there is nothing to wait for any more.
check() {
  kill -0 "$xvfb" 2>/dev/null || fail "the X server has ended, expected $2"
  [ -z "$openbox" ] || kill -0 "$openbox" 2>/dev/null || fail "openbox has ended, expected $2"
  [ -z "$gimp" ] || kill -0 "$gimp" 2>/dev/null || fail "GIMP has ended, expected $2"
  [ "$(now)" -lt "$1" ] || fail "no $2 within $limit seconds"
}
# await CONDITION...
await() {
  await_until=$(($(now) + limit))
  until "$@"; do check "$await_until" "$*"; sleep 0.2; done
}
# press WINDOW KEY CONDITION...: sends a key, which has to bring the condition about.
press() {
  target=$1 key=$2
  shift 2
  press_until=$(($(now) + limit))
  until "$@"; do
    check "$press_until" "$* after $key"
    if focus "$target"; then
      xdotool key "$key"
      again=$(($(now) + patience))
      until "$@" || [ "$(now)" -ge "$again" ]; do check "$press_until" "$* after $key"; sleep 0.2; done
    fi
  done
}

# Conditions.
connected() { xdotool getdisplaygeometry >/dev/null 2>&1; }
managed() { xdotool get_num_desktops >/dev/null 2>&1; }
id_of() { xdotool search --onlyvisible --name "$1" 2>/dev/null | tail -n 1; }
window() { [ -n "$(id_of "$1")" ]; }
gone() { ! window "$1"; }
# Whether a window has the keyboard; asks for it if not.
focus() {
  id=$(id_of "$1")
  [ -n "$id" ] || { sleep 0.2; return 1; }
  for _ in $(seq 25); do
    if [ "$(xdotool getwindowfocus 2>/dev/null)" = "$id" ]; then return 0; fi
    xdotool windowactivate "$id" 2>/dev/null || :
    sleep 0.2
  done
  return 1
}
plug_in() { pgrep -f "$folder/profile/plug-ins/upreel/upreel.py" >/dev/null; }
plug_in_ended() { ! plug_in; }
plug_in_or() { plug_in || window "$1"; }
# So many windows, menus and lists among them: count -eq 2.
count() { [ "$(xdotool search --onlyvisible --class gimp 2>/dev/null | wc -l)" "$1" "$2" ]; }
computing() {
  python3 - "$folder/state/service.json" <<'END'
import http.client, json, sys
state = json.load(open(sys.argv[1]))
service = http.client.HTTPConnection("127.0.0.1", state["port"])
service.request("GET", "/v1/jobs", headers={"Authorization": f"Bearer {state['token']}"})
jobs = json.load(service.getresponse())["jobs"]
sys.exit(not any(job["state"] == "running" and job["fraction"] > 0 for job in jobs))
END
}

# Pictures. Without a window to look at, import would wait for a click.
shot() { [ -n "$1" ] && timeout 60 import -window "$@" 2>/dev/null; }
canvas() { shot root -crop 80x60+380+300 rgb:- | sha256sum; }
canvas_is() { [ "$(canvas)" = "$1" ]; }
# A piece of the dialog's preview, so far from its right edge.
piece() {
  id=$(id_of "$title")
  width=$(xdotool getwindowgeometry --shell "$id" 2>/dev/null | sed -n 's/WIDTH=//p')
  shot "$id" -crop "80x80+$((${width:-1000} - $1))+310" rgb:-
}
plain() { piece 370 | sha256sum; }
plain_is() { [ "$(plain)" = "$1" ]; }
# The place of the result has one colour until it is there.
previewed() { [ "$(piece 165 | od -An -v -tx1 -w3 | sort -u | wc -l)" -gt 50 ]; }
# Until GIMP has drawn all; a cursor that blinks ends the waiting, too.
steady() {
  same=0 last=''
  for _ in $(seq 20); do
    sleep 0.4
    picture=$(shot root rgb:- | sha256sum)
    if [ "$picture" = "$last" ]; then same=$((same + 1)); else same=0; fi
    [ "$same" -lt 3 ] || break
    last=$picture
  done
}

small='\[photo\].*96x72 '
small_fits='\[photo\].*96x72 [2-9][0-9][0-9]'
large='\[photo\].*384x288 '
large_fits='\[photo\].*384x288 [1-9][0-9][^0-9]'
new='\[Untitled\].*384x288 '
# Closes the image that was made.
discard() {
  press "$new" ctrl+w window '^Close '
  press '^Close ' alt+d gone '^Close '
  await gone "$new"
}
dialog() {
  await plug_in_ended
  press "$small" ctrl+shift+alt+u plug_in_or "$title"
  await focus "$title"
}

# A number that no other run has: a screen of the same number may be about to end. Without -noreset the server starts
# anew when its only client leaves (the one that asked whether it is there), and refuses who comes meanwhile.
export DISPLAY=":$((1000 + $$ % 50000))"
Xvfb "$DISPLAY" -screen 0 1280x900x24 -nolisten tcp -noreset >"$folder/xvfb.log" 2>&1 & xvfb=$!
await connected
openbox >"$folder/openbox.log" 2>&1 & openbox=$!
await managed
gimp -n -s "$folder/photo.png" >"$folder/gimp.log" 2>&1 & gimp=$!
await window "$small"
# Where no tooltip appears.
xdotool mousemove 1279 899
# GIMP takes keys when this one has changed the zoom.
press "$small" ctrl+shift+j window "$small_fits"

if [ -n "${3:-}" ]; then
  dialog
  press "$title" "alt+$3" previewed
  steady; seen dialog
  echo end >>"$folder/steps.log"
  exit 0
fi

# Filters > Enhance has the entry, which opens the dialog; that has a preview.
press "$small" alt+r count -eq 2
xdotool key Down Down Right
await count -eq 3
steady; seen menu
xdotool key c
await window "$title"
await focus "$title"
# The preview is of the spot that was clicked.
before=$(plain)
click_until=$(($(now) + limit))
while plain_is "$before"; do
  check "$click_until" "another spot after a click"
  xdotool mousemove --window "$(id_of "$title")" 580 95 click 1 mousemove 1279 899
  sleep 2
done
press "$title" alt+p previewed
steady; seen dialog
# To a new image.
press "$title" alt+o gone "$title"
await window "$new"
steady; seen new-image
discard
# The last values again, without a dialog.
await plug_in_ended
press "$small" ctrl+f plug_in_or "$new"
await window "$new"
steady; seen last-values
discard

# In place, undone, redone.
dialog
xdotool key alt+i space
# Before 3.2 a list opens; since then there are radio buttons, and the last one has been chosen.
if ! [ -e /usr/bin/gimp-console-3.2 ]; then
  await count -gt 2
  xdotool key End Return
  await count -eq 2
fi
steady; seen dialog-in-place
press "$title" alt+o gone "$title"
await window "$large"
press "$large" ctrl+shift+j window "$large_fits"
steady; seen in-place
in_place=$(canvas)
press "$large" ctrl+z window "$small"
press "$small" ctrl+shift+j window "$small_fits"
steady; seen undone
undone=$(canvas)
press "$small" ctrl+y window "$large"
press "$large" ctrl+shift+j window "$large_fits"
await canvas_is "$in_place"; seen redone
press "$large" ctrl+z window "$small"

# Cancelled while it works: the button at the right of the status bar.
dialog
# Eight runs of many tiles: more work than any machine does before the button is pressed.
xdotool key alt+b alt+e ctrl+a 8
press "$title" alt+o gone "$title"
await computing; seen working
click_until=$(($(now) + limit))
while plug_in; do check "$click_until" "end of the plug-in after a click"; xdotool mousemove 530 603 click 1; sleep 1; done
xdotool mousemove 1279 899
press "$small" ctrl+shift+j window "$small_fits"
await canvas_is "$undone"; seen cancelled

# The service cannot be started: one box with one sentence.
cp "$folder/broken-config.json" "$folder/profile/plug-ins/upreel/bridge-config.json"
press "$small" ctrl+shift+alt+u plug_in_or 'GIMP Message'
await window 'GIMP Message'
steady; seen error
echo end >>"$folder/steps.log"
