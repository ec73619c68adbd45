"""One peer in a process of its own: orders in by lines of JSON, one line of JSON out for each.

{"open": {"network": FILE.onnx, "side": N, "folder": SCRATCH, "threads": T}}   the network, for pictures of N x N
{"run": {"input": FILE, "output": FILE or null, "times": K}}                    float32 NCHW 0..1, seconds of each run
{"peak": {"threads": T}}                                                        GFLOP/s of the best matrix product
{"close": {}}                                                                   lets go of the network

Outputs are written as uint8 NHWC, rounded half to even.
"""
import importlib
import json
import os
import sys
import time
import traceback

import numpy as np

MODULES = {"torch": "torch_peer", "ncnn": "ncnn_peer", "openvino": "openvino_peer", "opencv": "opencv_peer"}


def main(way, answers):
    name, _, variant = way.partition("-")
    peer = importlib.import_module(MODULES[name])
    network = None
    for line in sys.stdin:
        (order, given), = json.loads(line).items()
        answer = {}
        try:
            if order == "open":
                start = time.perf_counter()
                network = None
                network = peer.open_network(variant=variant, **given)
                answer = {"version": peer.VERSION, "seconds": time.perf_counter() - start}
            elif order == "run":
                answer = run(network, **given)
            elif order == "peak":
                answer = {"gflops": peer.peak(**given)}
            else:
                network = None
        except Exception as error:
            traceback.print_exc()
            answer = {"failure": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def run(network, input, output, side, times):
    picture = np.fromfile(input, dtype=np.float32).reshape(1, 3, side, side)
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        made = network(picture)
        seconds.append(time.perf_counter() - start)
    if output:
        levels = np.rint(np.clip(np.asarray(made), 0, 1) * 255).astype(np.uint8)
        levels.reshape(levels.shape[-3:]).transpose(1, 2, 0).tofile(output)
    return {"seconds": seconds}


if __name__ == "__main__":
    # What libraries print is not an answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    main(sys.argv[1], answers)
