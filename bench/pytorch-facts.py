"""What PyTorch makes of the networks that the tests write: test/core/model/pytorch-facts.json.

    mkdir facts
    UPREEL_PYTORCH=$PWD/facts npx vitest run test/core/model/attention.test.ts   # writes networks and pictures
    python3 bench/pytorch-facts.py facts > test/core/model/pytorch-facts.json    # needs torch, spandrel, safetensors
    UPREEL_PYTORCH=$PWD/facts npx vitest run test/core/model/attention.test.ts   # compares every sample
    cat facts/*.difference

The tests are attention.test.ts and restoration.test.ts. The definitions are those of spandrel (and
spandrel_extra_arches). What spandrel lacks is taken from files on PYTHONPATH: SPANPlus from spanplus_arch.py, that of
umzi2/SPANPlus without its imports from neosr (DySample is in spandrel's FDAT), and SPSR from spsr/spsr_arch.py and
spsr/block.py, those of Maclory/SPSR without what is for training.
"""

import json
import pathlib
import re
import sys

import numpy as np
import spandrel
import torch
from safetensors.torch import load_file

try:
    import spandrel_extra_arches

    spandrel_extra_arches.install()
except ImportError:
    pass

# ATD sorts numbers of which many are equal, and leaves their order to the machine: here they stay as they stand.
unstable_sort = torch.sort
torch.sort = lambda *args, **settings: unstable_sort(*args, **{**settings, "stable": True})

# Without a GPU, memory cannot be pinned.
plain_tensor = torch.tensor
torch.tensor = lambda *args, **settings: plain_tensor(*args, **{**settings, "pin_memory": False})


def load(state):
    """Returns the model as a function from picture to picture."""
    if "feats.1.block_end.c1_r.sk.weight" in state:
        from spanplus_arch import spanplus

        blocks = [len({k.split(".")[3] for k in state if k.startswith(f"feats.{g}.block_n.")}) for g in (1, 2)]
        offset, last = state.get("upsampler.offset.weight"), state.get("upsampler.0.weight")
        model = spanplus(
            blocks=[count for count in blocks if count > 0],
            feature_channels=state["feats.0.sk.weight"].shape[0],
            upscale=round((last.shape[0] / 3 if offset is None else offset.shape[0] / 8) ** 0.5),
            upsampler="ps" if offset is None else "dys",
        )
        model.load_state_dict(state)
        return model.eval()
    if "b_fea_conv.0.weight" in state:
        from spsr.spsr_arch import SPSRNet

        features, blocks = state["model.0.weight"].shape[0], len({k.split(".")[3] for k in state if ".sub." in k}) - 1
        model = SPSRNet(3, 3, features, blocks, upscale=2 ** len({k for k in state if re.match(r"model\.(3|6|9)\.w", k)}))
        model.load_state_dict(state)
        return lambda picture: model.eval()(picture)[1]
    if "qf_embed.0.weight" in state:
        # FBCNN's linear layers are 512 wide whatever the rest is: here they are as narrow as the test's.
        width, linear = state["qf_embed.0.weight"].shape[0], torch.nn.Linear
        torch.nn.Linear = lambda *sizes: linear(*(width if size == 512 else size for size in sizes))
    loaded = spandrel.ModelLoader().load_from_state_dict(state)
    if "qf_embed.0.weight" in state:
        torch.nn.Linear = linear
    loaded.model.eval()
    # As spandrel calls it, without its padding, which wants more than a few pixels, and its clamp.
    return lambda picture: loaded._call_fn(loaded.model, picture)


folder = pathlib.Path(sys.argv[1])
facts = {}
for weights in sorted(folder.glob("*.safetensors")):
    name = weights.stem
    shape = json.loads((folder / f"{name}.json").read_text())
    model = load(load_file(weights))
    picture = np.fromfile(folder / f"{name}.picture", dtype="<f4").reshape(shape)
    with torch.no_grad():
        made = model(torch.from_numpy(picture))
    # Swin2SR with high frequencies makes the picture without them, with them, and those alone.
    made = (made[1] if isinstance(made, tuple) else made).contiguous().numpy()
    made.tofile(folder / f"{name}.made")
    flat = made.reshape(-1).astype(np.float64)
    indices = sorted({(k * 7919 + 13) % flat.size for k in range(16)})
    facts[name] = {
        "shape": list(made.shape),
        "samples": [[int(i), round(float(flat[i]), 6)] for i in indices],
        "mean": round(float(flat.mean()), 6),
        "meanSquare": round(float((flat**2).mean()), 6),
    }
    print(f"{name}: {flat.min():.3f} to {flat.max():.3f}", file=sys.stderr)
print(json.dumps(facts, indent=1, sort_keys=True))
