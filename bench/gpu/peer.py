"""PyTorch on the networks that upreel writes as ONNX: peer.py NETWORK.onnx SIDE... prints a line of JSON for each way.

Time of uint8 samples in host memory to uint8 samples in host memory, as upreel's tiles are timed."""
import json
import statistics
import sys
import time

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper

graph = onnx.load(sys.argv[1]).graph
sides = [int(side) for side in sys.argv[2:]]
cuda = torch.cuda.is_available()
device = "cuda" if cuda else "cpu"
TYPES = {1: torch.float32, 2: torch.uint8, 10: torch.float16}


class Network(torch.nn.Module):
    def __init__(self, half):
        super().__init__()
        self.half_precision = half
        self.constants = {}
        for tensor in graph.initializer:
            value = torch.from_numpy(numpy_helper.to_array(tensor).copy())
            if value.dtype == torch.float32 and half:
                value = value.half()
            if value.dim() == 4:
                value = value.to(memory_format=torch.channels_last)
            self.constants[tensor.name] = value.to(device)

    def forward(self, source):
        values = {"source": source, **self.constants}
        for node in graph.node:
            a = {x.name: onnx.helper.get_attribute_value(x) for x in node.attribute}
            x = [values.get(name) for name in node.input]
            values[node.output[0]] = self.compute(node.op_type, x, a)
        return values["upscaled"]

    def compute(self, op, x, a):
        if op == "Cast":
            to = TYPES[a["to"]]
            if to == torch.uint8:
                return x[0].to(torch.uint8)
            return x[0].to(torch.float16 if self.half_precision else to)
        if op == "Transpose":
            return x[0].permute(a["perm"])
        if op == "Conv":
            return F.conv2d(x[0], x[1], x[2] if len(x) > 2 else None, a["strides"] if "strides" in a else 1,
                            a["pads"][:2] if "pads" in a else 0, groups=a.get("group", 1))
        if op == "PRelu":
            return F.prelu(x[0], x[1].flatten())
        if op == "LeakyRelu":
            return F.leaky_relu(x[0], a["alpha"])
        if op == "DepthToSpace":
            return F.pixel_shuffle(x[0], a["blocksize"])
        if op == "Resize":
            return F.interpolate(x[0], scale_factor=float(x[2][3]), mode="nearest")
        if op == "Clip":
            return x[0].clamp(0, 1)
        if op == "Concat":
            return torch.cat(x, a["axis"])
        simple = {"Add": torch.add, "Mul": torch.mul, "Sub": torch.sub, "Sigmoid": torch.sigmoid,
                  "Relu": torch.relu, "Floor": torch.floor, "Round": torch.round}
        return simple[op](*x)


def sample(side, seed=1):
    return np.random.default_rng(seed).integers(0, 256, (1, side, side, 3), dtype=np.uint8)


def run(network, samples):
    with torch.inference_mode():
        return network(torch.from_numpy(samples).to(device)).cpu()


def timed(network, side):
    samples = sample(side)
    for _ in range(3):
        run(network, samples)
    times = []
    end = time.perf_counter() + 0.5
    while len(times) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        run(network, samples)
        times.append((time.perf_counter() - start) * 1000)
    return round(statistics.median(times), 3)


exact = Network(False)
torch.backends.cudnn.benchmark = True
reference = run(exact, sample(64)).int()
try:
    import onnxruntime

    session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
    expected = torch.from_numpy(session.run(None, {"source": sample(64)})[0]).int()
    print(json.dumps({"way": "float32 beside onnxruntime on the CPU", "largest": int((reference - expected).abs().max())}))
except ImportError:
    pass
for name, half, compiled in [("float32", False, False), ("float16 channels_last", True, False),
                             ("float16 channels_last compiled", True, True)]:
    try:
        network = Network(half)
        if compiled:
            network = torch.compile(network, dynamic=False)
        difference = (run(network, sample(64)).int() - reference).abs()
        some = sides if not compiled else [side for side in sides if side in (256, 512)]
        line = {"way": name, "torch": torch.__version__, "device": torch.cuda.get_device_name() if cuda else "cpu",
                "largest": int(difference.max()), "milliseconds": {side: timed(network, side) for side in some}}
        print(json.dumps(line), flush=True)
    except Exception as error:
        print(json.dumps({"way": name, "failure": str(error)[:300]}), flush=True)
