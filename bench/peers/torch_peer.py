"""PyTorch: `eager` (NCHW), `channels_last`, `compiled` (torch.compile with weights frozen, channels_last)."""
import time

import torch
from torch._inductor import config as inductor

from torch_network import load_network

VERSION = f"PyTorch {torch.__version__}"


def open_network(network, side, folder, threads, variant):
    torch.set_num_threads(threads)
    torch._dynamo.reset()
    model = load_network(network)
    layout = torch.contiguous_format if variant == "eager" else torch.channels_last
    model = model.to(memory_format=layout)
    if variant == "compiled":
        inductor.freezing = True
        model = torch.compile(model, dynamic=False)

    @torch.inference_mode(variant != "compiled")
    def run(picture):
        with torch.no_grad():
            return model(torch.from_numpy(picture).to(memory_format=layout)).contiguous().numpy()

    return run


def peak(threads):
    """The best of matrix products and a wide 3x3 convolution, each the best of several runs."""
    torch.set_num_threads(threads)
    with torch.inference_mode():
        return max(*(_product(side) for side in (1024, 1536)), _convolution())


def _product(side):
    left, right, out = (torch.rand(side, side) for _ in range(3))
    return _best(lambda: torch.mm(left, right, out=out), 2 * side**3)


def _convolution():
    layer = torch.nn.Conv2d(256, 256, 3, bias=False).to(memory_format=torch.channels_last)
    picture = torch.rand(1, 256, 66, 66).contiguous(memory_format=torch.channels_last)
    return _best(lambda: layer(picture), 2 * 64 * 64 * 256 * 256 * 9)


def _best(action, operations):
    times = []
    for _ in range(20):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return operations / min(times) / 1e9
