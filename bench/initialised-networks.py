"""Networks of published sizes as their definitions begin before training: for bench/seams.mjs and bench/network-cost.mjs.

    python3 bench/initialised-networks.py FOLDER [NAME...]     # needs torch, spandrel, spandrel_extra_arches, safetensors

The same weights on every run (torch's seed is 0). Sizes are those of the authors' files, or the definitions' defaults
(FDAT, MM-RealSR, SeemoRe); hat-light, drct-light, rgt-light and swin2sr-light with 60 features are smaller, for seams. What they say of time and memory holds for trained ones; what they say of seams hardly
does, as they look less far. What spandrel lacks is taken from files on PYTHONPATH, as in pytorch-facts.py: SPANPlus and
SPSR, and IMDN from imdn/architecture.py and imdn/block.py, those of Zheng222/IMDN.
"""

import importlib
import pathlib
import sys

import torch
from safetensors.torch import save_file

SWIN = dict(upscale=4, img_size=64, window_size=8)
NETWORKS = {
    "swinir": ("SwinIR.__arch.SwinIR", "SwinIR", dict(SWIN, depths=[6] * 6, embed_dim=180, num_heads=[6] * 6, mlp_ratio=2, upsampler="nearest+conv", resi_connection="1conv")),
    "swinir-light": ("SwinIR.__arch.SwinIR", "SwinIR", dict(SWIN, depths=[6] * 4, embed_dim=60, num_heads=[6] * 4, mlp_ratio=2, upsampler="pixelshuffledirect")),
    "hat": ("HAT.__arch.HAT", "HAT", dict(upscale=4, window_size=16, compress_ratio=3, squeeze_factor=30, conv_scale=0.01, overlap_ratio=0.5, depths=[6] * 6, embed_dim=180, num_heads=[6] * 6, mlp_ratio=2, upsampler="pixelshuffle")),
    "dat": ("DAT.__arch.DAT", "DAT", dict(upscale=4, img_size=64, split_size=[8, 32], depth=[6] * 6, embed_dim=180, num_heads=[6] * 6, expansion_factor=4, upsampler="pixelshuffle")),
    "dat-light": ("DAT.__arch.DAT", "DAT", dict(upscale=4, img_size=64, split_size=[8, 32], depth=[18], embed_dim=60, num_heads=[6], expansion_factor=2, upsampler="pixelshuffledirect", resi_connection="3conv")),
    "rgt-s": ("RGT.__arch.rgt", "RGT", dict(upscale=4, img_size=64, split_size=[8, 32], depth=[6] * 6, embed_dim=180, num_heads=[6] * 6, mlp_ratio=2, c_ratio=0.5)),
    "drct": ("DRCT.__arch.drct_arch", "DRCT", dict(upscale=4, img_size=64, window_size=16, depths=[6] * 6, embed_dim=180, num_heads=[6] * 6, gc=32, mlp_ratio=2, upsampler="pixelshuffle")),
    "atd-light": ("ATD.__arch.atd_arch", "ATD", dict(upscale=4, embed_dim=48, depths=[6] * 4, num_heads=[4] * 4, window_size=16, category_size=128, num_tokens=64, reducted_dim=8, convffn_kernel_size=7, mlp_ratio=1, upsampler="pixelshuffledirect", norm=False)),
    "swin2sr": ("Swin2SR.__arch.Swin2SR", "Swin2SR", dict(SWIN, depths=[6] * 6, embed_dim=180, num_heads=[6] * 6, mlp_ratio=2, upsampler="nearest+conv")),
    "omnisr": ("OmniSR.__arch.OmniSR", "OmniSR", dict(num_in_ch=3, num_out_ch=3, num_feat=64, res_num=5, up_scale=4, window_size=8, pe=True, bias=True)),
    "realplksr": ("PLKSR.__arch.RealPLKSR", "RealPLKSR", dict(upscaling_factor=4, dim=64, n_blocks=28, kernel_size=17)),
    "mosr": ("MoSR.__arch.mosr_arch", "MoSR", dict(upscale=4)),
    "fdat": ("FDAT.__arch.fdat", "FDAT", dict(scale=4)),
    "grl-small": ("GRL.__arch.grl", "GRL", dict(upscale=4, img_size=64, window_size=32, stripe_size=[64, 64], stripe_groups=[None, None], stripe_shift=True, depths=[4] * 4, embed_dim=128, num_heads_window=[2] * 4, num_heads_stripe=[2] * 4, mlp_ratio=2, qkv_proj_type="linear", anchor_proj_type="avgpool", anchor_window_down_factor=4, upsampler="pixelshuffle", conv_type="1conv")),
    "craft": ("CRAFT.__arch.CRAFT", "CRAFT", dict(upscale=4)),
    "ditn": ("DITN.__arch.DITN_Real", "DITN_Real", dict(upscale=4)),
    "dctlsa": ("DCTLSA.__arch.dctlsa", "DCTLSA", dict(upscale=4)),
    "seemore": ("SeemoRe.__arch.seemore_arch", "SeemoRe", dict(scale=4)),
    "safmn": ("SAFMN.__arch.safmn", "SAFMN", dict(dim=36, n_blocks=8, ffn_scale=2.0, upscaling_factor=4)),
    "swin2sr-light": ("Swin2SR.__arch.Swin2SR", "Swin2SR", dict(SWIN, depths=[6] * 4, embed_dim=60, num_heads=[6] * 4, mlp_ratio=2, upsampler="pixelshuffledirect")),
    "hat-light": ("HAT.__arch.HAT", "HAT", dict(upscale=4, window_size=16, compress_ratio=3, squeeze_factor=20, conv_scale=0.01, overlap_ratio=0.5, depths=[6] * 4, embed_dim=60, num_heads=[6] * 4, mlp_ratio=2, upsampler="pixelshuffle")),
    "drct-light": ("DRCT.__arch.drct_arch", "DRCT", dict(upscale=4, img_size=64, window_size=16, depths=[6] * 3, embed_dim=60, num_heads=[6] * 3, gc=12, mlp_ratio=2, upsampler="pixelshuffle")),
    "rgt-light": ("RGT.__arch.rgt", "RGT", dict(upscale=4, img_size=64, split_size=[8, 32], depth=[6] * 3, embed_dim=60, num_heads=[6] * 3, mlp_ratio=2, c_ratio=0.5)),
    "grl-tiny": ("GRL.__arch.grl", "GRL", dict(upscale=4, img_size=64, window_size=32, stripe_size=[64, 64], stripe_groups=[None, None], stripe_shift=True, depths=[4] * 4, embed_dim=64, num_heads_window=[2] * 4, num_heads_stripe=[2] * 4, mlp_ratio=2, qkv_proj_type="linear", anchor_proj_type="avgpool", anchor_window_down_factor=4, upsampler="pixelshuffledirect", conv_type="1conv")),
    "scunet": ("SCUNet.__arch.SCUNet", "SCUNet", dict()),
    "nafnet": ("NAFNet.__arch.NAFNet_arch", "NAFNet", dict(width=32, middle_blk_num=12, enc_blk_nums=[2, 2, 4, 8], dec_blk_nums=[2, 2, 2, 2])),
    "fbcnn": ("FBCNN.__arch.FBCNN", "FBCNN", dict()),
    "drunet": ("DRUNet.__arch.network_unet", "DRUNet", dict(in_nc=4, out_nc=3)),
    "dncnn": ("DnCNN.__arch.network_dncnn", "DnCNN", dict(in_nc=3, out_nc=3, nc=64, nb=20, act_mode="R")),
    "safmn-bcie": ("SAFMNBCIE.__arch.safmn_bcie", "SAFMN_BCIE", dict(dim=128, n_blocks=8, num_layers=6, upscaling_factor=2)),
    "srformer": ("spandrel_extra_arches.architectures.SRFormer.__arch.SRFormer", "SRFormer", dict(SWIN, window_size=24, depths=[6] * 6, embed_dim=180, num_heads=[6] * 6, mlp_ratio=2, upsampler="pixelshuffle")),
    "srformer-light": ("spandrel_extra_arches.architectures.SRFormer.__arch.SRFormer", "SRFormer", dict(SWIN, window_size=16, depths=[6] * 4, embed_dim=60, num_heads=[6] * 4, mlp_ratio=2, upsampler="pixelshuffledirect")),
    "atd": ("ATD.__arch.atd_arch", "ATD", dict(upscale=4, embed_dim=210, depths=[6] * 6, num_heads=[6] * 6, window_size=16, category_size=256, num_tokens=128, reducted_dim=20, convffn_kernel_size=5, mlp_ratio=2, upsampler="pixelshuffle")),
    "rcan": ("RCAN.__arch.rcan_arch", "RCAN", dict(scale=4)),
    "mm-realsr": ("MMRealSR.__arch.mmrealsr_arch", "MMRRDBNet_test", dict(num_in_ch=3, num_out_ch=3, scale=4)),
    "spanplus": ("spanplus_arch", "spanplus", dict(blocks=[4], feature_channels=48, upscale=4, upsampler="ps")),
    "spsr": ("spsr.spsr_arch", "SPSRNet", dict(in_nc=3, out_nc=3, nf=64, nb=23, upscale=4)),
    "imdn": ("imdn.architecture", "IMDN", dict(upscale=4)),
    "real-cugan": ("RealCUGAN.__arch.upcunet_v3", "UpCunet4x", dict()),
}


def make(name):
    module, kind, settings = NETWORKS[name]
    torch.manual_seed(0)
    path = f"spandrel.architectures.{module}" if ".__arch." in module and "extra" not in module else module
    model = getattr(importlib.import_module(path), kind)(**settings)
    return {key: value.detach().clone().contiguous() for key, value in model.state_dict().items()}


folder, *names = sys.argv[1:]
for name in names or NETWORKS:
    try:
        save_file(make(name), pathlib.Path(folder) / f"{name}.safetensors")
        print(name)
    except Exception as error:
        print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
