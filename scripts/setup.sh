#!/bin/sh
# Installs what is missing: the npm packages of the lock file, and ffmpeg where apt is.
set -eu
cd "$(dirname "$0")/.."

node -e '
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) process.exit(0);
  console.error(`upreel needs Node.js 20.19 or newer; this is ${process.versions.node}.`);
  process.exit(2);
'

# npm writes this file last, so an interrupted install is repeated.
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  # Without scripts: onnxruntime-node would fetch CUDA files that CPU and WebGPU do not need.
  npm ci --ignore-scripts --no-audit --no-fund
fi

if ! command -v ffmpeg >/dev/null 2>&1 || ! command -v ffprobe >/dev/null 2>&1; then
  sh scripts/apt-install.sh ffmpeg
fi
