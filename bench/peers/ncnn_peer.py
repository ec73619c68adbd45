"""ncnn on the CPU, its graph made by pnnx from the same ONNX file, with float32 weights."""
import pathlib
import shutil
import subprocess
import sys
from importlib.metadata import version

import ncnn
import numpy as np

VERSION = f"ncnn {version('ncnn')}"


def open_network(network, side, folder, threads, variant):
    # pnnx writes a dozen files beside its input.
    made = pathlib.Path(folder) / "ncnn"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir()
    shutil.copy(network, made / "network.onnx")
    pnnx = pathlib.Path(sys.executable).with_name("pnnx")
    subprocess.run([pnnx, "network.onnx", f"inputshape=[1,3,{side},{side}]", "fp16=0"], cwd=made, check=True,
                   stdout=subprocess.DEVNULL, stderr=sys.stderr)
    net = ncnn.Net()
    net.opt.num_threads = threads
    net.opt.use_vulkan_compute = False
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = False
    if net.load_param(str(made / "network.ncnn.param")) or net.load_model(str(made / "network.ncnn.bin")):
        raise RuntimeError("ncnn does not read what pnnx made.")

    def run(picture):
        extractor = net.create_extractor()
        extractor.input("in0", ncnn.Mat(picture[0]))
        failed, out = extractor.extract("out0")
        if failed:
            raise RuntimeError(f"ncnn ended with {failed}.")
        return np.array(out)

    return run
