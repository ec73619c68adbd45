#!/bin/sh
# A throw-away Python environment with the programs that `make bench BENCH=peers` compares upreel with:
#   sh bench/peers/setup.sh [FOLDER]      default: $UPREEL_PEERS, or upreel-peers in the folder for temporary files
# Needs python3 with venv, 6 GB of disk (PyTorch from PyPI brings CUDA along) and, for torch.compile, a C++ compiler.
# Nothing of it is used by upreel, its tests or its users: delete the folder when done.
set -eu
folder=${1:-${UPREEL_PEERS:-${TMPDIR:-/tmp}/upreel-peers}}
mkdir -p "$folder"
[ -x "$folder/venv/bin/python" ] || python3 -m venv "$folder/venv"
pip="$folder/venv/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check"
$pip numpy onnx ncnn pnnx openvino opencv-python-headless
# The wheels for the CPU alone are a tenth of the size, where their index can be reached.
$pip torch --retries 0 --timeout 15 --index-url https://download.pytorch.org/whl/cpu 2>/dev/null || $pip torch
"$folder/venv/bin/python" - <<'PYTHON'
from importlib.metadata import version
for name in ("torch", "ncnn", "pnnx", "openvino", "opencv-python-headless", "onnx", "numpy"):
    print(name, version(name))
PYTHON
echo "Ready in $folder. Now: UPREEL_PEERS=$folder make bench BENCH=peers"
