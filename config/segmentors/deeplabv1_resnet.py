# What the weakly-supervised literature calls DeepLabV1: the ResNet-101 of DeepLabV2 and one 1×1
# convolution, at one scale. The supplement's DeepLabV1 (76.9 mIoU, 0.9 below its DeepLabV2) looks
# like this network rather than like the VGG-16 of the paper that it cites (deeplabv1.py).
_base_ = "bases/resnet101.py"

title = "DeepLabV1 (ResNet-101)"

model = dict(
    type="EncoderDecoder",
    decode_head=dict(
        type="DeepLabV1Head",
        in_channels=2048,
        in_index=3,
        loss_decode=dict(type="SizeWeightedCrossEntropy"),
    ),
    train_cfg=dict(),
)
# The head learns faster than the backbone: its weights 10 times, its biases 20 times.
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={
            "decode_head": dict(lr_mult=10),
            "decode_head.conv_seg.bias": dict(lr_mult=20, decay_mult=0),
        },
    ),
)
# The supplement's row of DeepLabV1: with CE, and the gain with L_sb.
published = dict(
    voc=dict(miou=(76.9, 2.0), ia_miou=(65.6, 6.4), ia_s=(18.9, 13.8)),
    pascal_b=dict(miou=(65.7, 1.3), ia_miou=(45.4, 5.8), ia_s=(13.3, 7.1)),
)
scales = dict(
    # From random values the last convolution, published to start near 0, holds the others back.
    demo=dict(
        model=dict(
            decode_head=dict(
                in_channels=64,
                init_cfg=dict(type="Normal", std=0.1, override=dict(name="conv_seg")),
            ),
        ),
        optim_wrapper=dict(optimizer=dict(lr=0.1)),
        schedule=dict(iterations=160, shared_iterations=110),
        # Strength times learning rate as in the other networks.
        ewc=dict(strength=1.0),
        ablation=dict(strength=[0.1, 10.0]),
        per_dataset=dict(
            coco=dict(schedule=dict(iterations=160, shared_iterations=110)),
        ),
    ),
)
