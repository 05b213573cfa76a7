"""MMSegmentation's Vision Transformer, started from published weights of any naming."""

from collections.abc import Mapping

import torch
from mmseg.models.backbones import VisionTransformer
from mmseg.registry import MODELS
from torch import Tensor

from smallobjects.segmentation.pretrained import PublishedWeights

# Of timm, in the order in which they are replaced, and of MMSegmentation.
_NAMES = (
    ("patch_embed.proj.", "patch_embed.projection."),
    ("blocks.", "layers."),
    (".attn.qkv.", ".attn.attn.in_proj_"),
    (".attn.proj.", ".attn.attn.out_proj."),
    (".norm1.", ".ln1."),
    (".norm2.", ".ln2."),
    (".mlp.fc1.", ".ffn.layers.0.0."),
    (".mlp.fc2.", ".ffn.layers.1."),
)
_BLOCK = "Transformer/encoderblock_"
# Of a block in the files of google-research/vision_transformer, and of timm.
_JAX_BLOCK = {
    "LayerNorm_0": "norm1",
    "LayerNorm_2": "norm2",
    "MlpBlock_3/Dense_0": "mlp.fc1",
    "MlpBlock_3/Dense_1": "mlp.fc2",
}
_ATTENTION = "MultiHeadDotProductAttention_1"


@MODELS.register_module()
class PublishedVisionTransformer(PublishedWeights, VisionTransformer):
    """MMSegmentation's VisionTransformer that reads the weights of timm, of JAX, and its own.

    `init_cfg=dict(type="Pretrained", checkpoint=...)` names a .pth file with the names of timm
    (`vit_base_patch16_384`) or of MMSegmentation, or an .npz file of Google's vision_transformer.
    Position embeddings are resized to the network's grid as MMSegmentation does it.
    """

    def renamed_weights(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the weights under MMSegmentation's names, with position embeddings that fit."""
        if any(name.startswith(_BLOCK) for name in weights):
            weights = timm_names(weights)
        if any(name.startswith("blocks.") for name in weights):
            weights = mmseg_names(weights)
        weights = dict(weights)
        positions = weights.get("pos_embed")
        if positions is not None and positions.ndim == 3:
            weights["pos_embed"] = self._fitted(positions)
        return weights

    def _fitted(self, positions: Tensor) -> Tensor:
        side = round((positions.shape[1] - 1) ** 0.5)
        grid = tuple(length // self.patch_size for length in self.img_size)
        if positions.shape[1] != side**2 + 1 or grid == (side, side):
            return positions
        return self.resize_pos_embed(positions, grid, (side, side), self.interpolate_mode)


def mmseg_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights with the names of timm under those of MMSegmentation."""
    renamed = {}
    for name, each in weights.items():
        # The last norm, unlike those of the blocks, stands alone.
        new = name.replace("norm.", "ln1.", 1) if name.startswith("norm.") else name
        for theirs, ours in _NAMES:
            new = new.replace(theirs, ours)
        renamed[new] = each
    return renamed


def timm_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the arrays of google-research/vision_transformer under the names of timm.

    Their kernels have inputs first, and one axis for the heads of the attention.
    """
    renamed = {
        "cls_token": weights["cls"],
        "pos_embed": weights["Transformer/posembed_input/pos_embedding"],
        "patch_embed.proj.weight": weights["embedding/kernel"].permute(3, 2, 0, 1).contiguous(),
        "patch_embed.proj.bias": weights["embedding/bias"],
        "norm.weight": weights["Transformer/encoder_norm/scale"],
        "norm.bias": weights["Transformer/encoder_norm/bias"],
    }
    blocks = {name.split("/")[1] for name in weights if name.startswith(_BLOCK)}
    for block in sorted(blocks):
        number = block.removeprefix("encoderblock_")
        for theirs, ours in _JAX_BLOCK.items():
            part, new = f"Transformer/{block}/{theirs}", f"blocks.{number}.{ours}"
            kernel = weights.get(f"{part}/kernel")
            renamed[f"{new}.weight"] = (
                weights[f"{part}/scale"] if kernel is None else kernel.T.contiguous()
            )
            renamed[f"{new}.bias"] = weights[f"{part}/bias"]
        part, new = f"Transformer/{block}/{_ATTENTION}", f"blocks.{number}.attn"
        projections = ("query", "key", "value")
        renamed[f"{new}.qkv.weight"] = torch.cat(
            [weights[f"{part}/{each}/kernel"].flatten(1).T for each in projections]
        )
        renamed[f"{new}.qkv.bias"] = torch.cat(
            [weights[f"{part}/{each}/bias"].flatten() for each in projections]
        )
        renamed[f"{new}.proj.weight"] = weights[f"{part}/out/kernel"].flatten(0, 1).T.contiguous()
        renamed[f"{new}.proj.bias"] = weights[f"{part}/out/bias"]
    return renamed
