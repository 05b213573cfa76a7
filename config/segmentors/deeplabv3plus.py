# DeepLabV3+ (Chen et al., ECCV 2018) as MMSegmentation has it, trained as the DeepLabV2 here. It is
# not in the paper: its decoder gives logits at stride 4 in place of 8, which the small network of
# the scale `photos` needs, whose last features have stride 16.
_base_ = "bases/resnet101.py"

title = "DeepLabV3+"

model = dict(
    type="EncoderDecoder",
    decode_head=dict(
        type="DeepLabV3PlusHead",
        in_channels=2048,
        in_index=3,
        c1_in_channels=256,
        c1_channels=48,
        channels=512,
        dilations=(1, 12, 24, 36),
        dropout_ratio=0.1,
        norm_cfg=dict(type="BN", requires_grad=True),
        align_corners=False,
        loss_decode=dict(type="SizeWeightedCrossEntropy"),
    ),
    train_cfg=dict(),
)
optim_wrapper = dict(paramwise_cfg=dict(custom_keys={"decode_head": dict(lr_mult=10)}))
scales = dict(
    demo=dict(
        model=dict(
            decode_head=dict(
                in_channels=64, c1_in_channels=32, c1_channels=16, channels=32, dilations=(1, 2)
            ),
        ),
    ),
    photos=dict(
        model=dict(
            decode_head=dict(
                in_channels=1280,
                c1_in_channels=24,
                c1_channels=24,
                channels=128,
                dilations=(1, 3, 6),
            ),
        ),
    ),
)
