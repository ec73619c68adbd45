"""OpenVINO on the CPU: one stream of all threads, in float32."""
import time

import numpy as np
import openvino as ov

VERSION = f"OpenVINO {ov.__version__.split('-')[0]}"
core = ov.Core()


def open_network(network, side, folder, threads, variant):
    return _compiled(core.read_model(network), threads, side)


def _compiled(model, threads, side=None):
    if side:
        model.reshape([1, 3, side, side])
    compiled = core.compile_model(model, "CPU", {
        "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": "1", "INFERENCE_NUM_THREADS": str(threads),
        "INFERENCE_PRECISION_HINT": "f32",
    })
    request = compiled.create_infer_request()
    return lambda picture: request.infer([picture], share_inputs=True, share_outputs=True)[0]


def peak(threads):
    """The best of a matrix product's runs."""
    side = 2048
    from openvino import opset13 as ops

    left = ops.parameter([side, side], np.float32)
    right = ops.constant(np.random.rand(side, side).astype(np.float32))
    run = _compiled(ov.Model([ops.matmul(left, right, False, False)], [left]), threads)
    given = np.random.rand(side, side).astype(np.float32)
    times = []
    for _ in range(8):
        start = time.perf_counter()
        run(given)
        times.append(time.perf_counter() - start)
    return 2 * side**3 / min(times) / 1e9
