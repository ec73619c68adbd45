"""What PyTorch makes of the networks that the tests write: test/core/model/pytorch-facts.json.

    mkdir facts
    UPREEL_PYTORCH=$PWD/facts npx vitest run test/core/model/attention.test.ts   # writes networks and pictures
    python3 bench/pytorch-facts.py facts > test/core/model/pytorch-facts.json    # needs torch, spandrel, safetensors
    UPREEL_PYTORCH=$PWD/facts npx vitest run test/core/model/attention.test.ts   # compares every sample
    cat facts/*.difference

The definitions are those of spandrel (and spandrel_extra_arches).
"""

import json
import pathlib
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

folder = pathlib.Path(sys.argv[1])
facts = {}
for weights in sorted(folder.glob("*.safetensors")):
    name = weights.stem
    shape = json.loads((folder / f"{name}.json").read_text())
    model = spandrel.ModelLoader().load_from_state_dict(load_file(weights)).model.eval()
    picture = np.fromfile(folder / f"{name}.picture", dtype="<f4").reshape(shape)
    with torch.no_grad():
        made = model(torch.from_numpy(picture)).contiguous().numpy()
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
