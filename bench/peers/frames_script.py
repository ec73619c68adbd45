"""What Real-ESRGAN's scripts do with the frames of a clip: frames_script.py NETWORK.onnx FOLDER_IN FOLDER_OUT THREADS.

Reads each PNG with OpenCV, runs the network with PyTorch as it comes (eager, NCHW), writes a PNG with OpenCV."""
import pathlib
import sys

import cv2
import numpy as np
import torch

from torch_network import load_network

network, source, result, threads = sys.argv[1:]
torch.set_num_threads(int(threads))
cv2.setNumThreads(int(threads))
model = load_network(network)
for path in sorted(pathlib.Path(source).glob("*.png")):
    picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    with torch.inference_mode():
        made = model(torch.from_numpy(picture.transpose(2, 0, 1)[None].astype(np.float32) / 255))
    levels = (made[0].clamp(0, 1).numpy().transpose(1, 2, 0) * 255).round().astype(np.uint8)
    cv2.imwrite(str(pathlib.Path(result) / path.name), cv2.cvtColor(levels, cv2.COLOR_RGB2BGR))
