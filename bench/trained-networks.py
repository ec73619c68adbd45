"""Small networks that look far, trained for some minutes on the CPU: for bench/seams.mjs, of which weights that
definitions begin with say little.

    python3 bench/trained-networks.py FOLDER STEPS PICTURE... -- NAME...     # needs torch, spandrel, safetensors, Pillow

For x2, on crops of the pictures made smaller by bicubic interpolation, beginning as the nearest neighbour does; the same
weights on every run (torch's seed is 0) of one machine. Each prints its PSNR on crops of the last picture, which it is
not trained on, beside bicubic's.
"""

import importlib
import pathlib
import sys
import time

import numpy
import torch
from PIL import Image
from safetensors.torch import save_file

SWIN = dict(upscale=2, img_size=64, embed_dim=36, num_heads=[6] * 3, mlp_ratio=2, upsampler="pixelshuffledirect")
NETWORKS = {
    "swinir": ("SwinIR.__arch.SwinIR", "SwinIR", dict(SWIN, window_size=8, depths=[2] * 3)),
    "swin2sr": ("Swin2SR.__arch.Swin2SR", "Swin2SR", dict(SWIN, window_size=8, depths=[2] * 3)),
    "hat": ("HAT.__arch.HAT", "HAT", dict(SWIN, window_size=16, depths=[2] * 2, num_heads=[6] * 2, compress_ratio=3, squeeze_factor=12, conv_scale=0.01, overlap_ratio=0.5, upsampler="pixelshuffle")),
    "realplksr": ("PLKSR.__arch.RealPLKSR", "RealPLKSR", dict(upscaling_factor=2, dim=32, n_blocks=8, kernel_size=17)),
}
# Larger than the windows and their shifts, so that there is something to gain from looking far.
CROP = 48


def read(path):
    picture = numpy.array(Image.open(path).convert("RGB"), dtype=numpy.float32)
    return torch.from_numpy(picture).permute(2, 0, 1) / 255


def smaller(pictures):
    return torch.nn.functional.interpolate(pictures, scale_factor=0.5, mode="bicubic", antialias=True).clamp(0, 1)


def crops(pictures, count):
    made = []
    for _ in range(count):
        picture = pictures[torch.randint(len(pictures), ()).item()]
        top, left = (torch.randint(side - 2 * CROP + 1, ()).item() for side in picture.shape[1:])
        crop = picture[:, top : top + 2 * CROP, left : left + 2 * CROP]
        turned = torch.rot90(crop, torch.randint(4, ()).item(), (1, 2))
        made.append(turned.flip(2) if torch.rand(()) < 0.5 else turned)
    return torch.stack(made)


@torch.no_grad()
def begin_as_nearest(model):
    """The first three channels carry the samples (about -0.5..0.5, or 0.5..1.5 through a leaky ReLU); others add nothing yet."""
    weights = dict(model.named_parameters())
    if "conv_after_body.weight" not in weights:
        return
    carry(weights, "conv_first", range(3), zero=False)
    for key in ("conv_after_body.weight", "conv_after_body.bias"):
        weights[key].zero_()
    carry(weights, "upsample.0", [channel for channel in range(3) for _ in range(4)])
    if "conv_last.weight" in weights:
        carry(weights, "conv_before_upsample.0", range(3))
        carry(weights, "conv_last", range(3))
        weights["conv_before_upsample.0.bias"][:3] += 1
        weights["conv_last.bias"][:3] -= 1


def carry(weights, name, sources, zero=True):
    weight = weights[f"{name}.weight"]
    weight[: len(sources)] = 0
    if zero:
        weight.zero_()
    weights[f"{name}.bias"].zero_()
    for channel, source in enumerate(sources):
        weight[channel, source, 1, 1] = 1


def psnr(made, truth):
    return (-10 * torch.log10(torch.mean((made.clamp(0, 1) - truth) ** 2))).item()


def train(name, steps, pictures):
    module, kind, settings = NETWORKS[name]
    torch.manual_seed(0)
    model = getattr(importlib.import_module(f"spandrel.architectures.{module}"), kind)(**settings)
    begin_as_nearest(model)
    optimizer = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2e-3, total_steps=steps)
    start = time.process_time()
    for _ in range(steps):
        truth = crops(pictures[:-1], 2)
        loss = torch.nn.functional.l1_loss(model(smaller(truth)), truth)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        schedule.step()
    model.eval()
    held = crops(pictures[-1:], 8)
    with torch.no_grad():
        made = model(smaller(held))
    bicubic = torch.nn.functional.interpolate(smaller(held), scale_factor=2, mode="bicubic")
    print(f"{name}: {psnr(made, held):.2f} dB, bicubic {psnr(bicubic, held):.2f} dB, {time.process_time() - start:.0f} s")
    return {key: value.detach().clone().contiguous() for key, value in model.state_dict().items()}


folder, steps, *rest = sys.argv[1:]
at = rest.index("--")
pictures = [read(path) for path in rest[:at]]
for name in rest[at + 1 :]:
    save_file(train(name, int(steps), pictures), pathlib.Path(folder) / f"{name}-trained.safetensors")
