# DeepLabV2 with a ResNet-101 and the multi-scale wrapper (Chen et al., TPAMI 2018), as the
# weakly-supervised literature trains it on its pseudo-labels; the schedule is that of "Small
# Objects Matters in Weakly-supervised Semantic Segmentation" (supplement, section 3).
#
# An MMEngine configuration: `model`, pipelines, `optim_wrapper` and `param_scheduler` are in the
# terms of MMSegmentation. The number of classes, data, seed, hooks and the losses of the arms are
# filled in by `smallobjects train-segmentor`.
title = "DeepLabV2"

model = dict(
    type="MultiScaleSegmentor",
    scales=[0.5, 0.75],
    data_preprocessor=dict(
        type="SegDataPreProcessor",
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        # A crop that reaches beyond its image: the mean colour, which is 0 after normalisation,
        # with labels that are ignored.
        size=(321, 321),
        pad_val=0,
        seg_pad_val=255,
    ),
    backbone=dict(
        type="ResNet",
        depth=101,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        # Output stride 8.
        strides=(1, 2, 1, 1),
        dilations=(1, 1, 2, 4),
        style="pytorch",
        norm_cfg=dict(type="BN", requires_grad=False),
        norm_eval=True,
        # A state dict in torchvision's naming; `init_cfg: null` trains from random values, which
        # needs BatchNorm that is trained.
        init_cfg=dict(type="Pretrained", checkpoint="weights/resnet101.pth"),
    ),
    decode_head=dict(
        type="DeepLabV2Head",
        in_channels=2048,
        in_index=3,
        dilations=(6, 12, 18, 24),
        loss_decode=dict(type="SizeWeightedCrossEntropy"),
    ),
    test_cfg=dict(mode="whole"),
)

train_pipeline = [
    dict(type="LoadImageFromFile", color_type="color_ignore_orientation"),
    dict(type="LoadLabels"),
    dict(
        type="RandomChoice",
        transforms=[
            [dict(type="Resize", scale_factor=factor)] for factor in (0.5, 0.75, 1.0, 1.25, 1.5)
        ],
    ),
    dict(type="RandomCrop", crop_size=(321, 321)),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PackSegInputs"),
]
test_pipeline = [
    dict(type="LoadImageFromFile", color_type="color_ignore_orientation"),
    dict(type="PackSegInputs"),
]

# The head learns faster than the backbone: its weights 10 times, its biases 20 times.
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=2.5e-4, momentum=0.9, weight_decay=5e-4),
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
# To 0 after the last iteration. The public DeepLabV2 code of this literature moves along the same
# curve every 10 iterations, here every iteration does.
param_scheduler = [dict(type="PolyLR", power=0.9, eta_min=0.0)]

precision = "fp32"  # bf16 or fp16: mixed precision
channels_last = False  # memory layout; with mixed precision, True is faster on most GPUs

schedule = dict(
    iterations=30000,
    shared_iterations=25000,
    batch_size=10,
    checkpoint_interval=1000,
    log_interval=100,
)
size_weights = dict(tau=5.0)
ewc = dict(strength=500.0, fisher_decay=0.9)
# Tried beside these by the ablation table.
ablation = dict(tau=[2.0, 10.0], strength=[50.0, 1000.0])
per_dataset = dict(
    coco=dict(schedule=dict(iterations=100000, shared_iterations=40000)),
)
scales = dict(
    # From random values on one CPU core: a small network whose BatchNorm is trained.
    demo=dict(
        model=dict(
            data_preprocessor=dict(size=(96, 96)),
            backbone=dict(
                _delete_=True,
                type="TinyBackbone",
                channels=(32, 64, 64, 64),
                strides=(2, 2, 1, 1),
                dilations=(1, 1, 1, 2),
            ),
            decode_head=dict(in_channels=64, dilations=(1, 2, 4, 8)),
        ),
        train_pipeline=[
            dict(type="LoadImageFromFile", color_type="color_ignore_orientation"),
            dict(type="LoadLabels"),
            dict(type="RandomCrop", crop_size=(96, 96)),
            dict(type="RandomFlip", prob=0.5),
            dict(type="PackSegInputs"),
        ],
        optim_wrapper=dict(optimizer=dict(lr=0.01), paramwise_cfg=None),
        schedule=dict(
            iterations=240,
            shared_iterations=170,
            batch_size=8,
            checkpoint_interval=100,
            log_interval=10,
        ),
        # At the switch, strength times learning rate is then about the published one.
        ewc=dict(strength=10.0),
        ablation=dict(strength=[1.0, 100.0]),
        per_dataset=dict(
            coco=dict(schedule=dict(iterations=300, shared_iterations=220)),
        ),
    ),
)
