# DeepLabV2 with a ResNet-101 and the multi-scale wrapper (Chen et al., TPAMI 2018), as the
# weakly-supervised literature trains it on its pseudo-labels.
_base_ = "bases/resnet101.py"

title = "DeepLabV2"

model = dict(
    type="MultiScaleSegmentor",
    scales=[0.5, 0.75],
    decode_head=dict(
        type="DeepLabV2Head",
        in_channels=2048,
        in_index=3,
        dilations=(6, 12, 18, 24),
        loss_decode=dict(type="SizeWeightedCrossEntropy"),
    ),
)
# The head learns faster than the backbone: its weights 10 times, its biases 20 times.
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            "decode_head": dict(lr_mult=10),
            "decode_head.branches.0.bias": dict(lr_mult=20, decay_mult=0),
            "decode_head.branches.1.bias": dict(lr_mult=20, decay_mult=0),
            "decode_head.branches.2.bias": dict(lr_mult=20, decay_mult=0),
            "decode_head.branches.3.bias": dict(lr_mult=20, decay_mult=0),
        },
    ),
)
# Its row in Table 2 of the supplement: with CE, and the gain with L_sb.
published = dict(
    voc=dict(miou=(77.8, 0.6), ia_miou=(65.8, 3.7), ia_s=(18.8, 5.6)),
    pascal_b=dict(miou=(66.6, 1.3), ia_miou=(46.2, 3.2), ia_s=(15.6, 4.2)),
)
scales = dict(
    demo=dict(model=dict(decode_head=dict(in_channels=64, dilations=(1, 4)))),
)
