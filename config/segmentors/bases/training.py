# What every network here has in common. A network's file names it under `_base_` and gives `title`,
# `model`, `optim_wrapper` and what differs; MMEngine lays that over this, key by key.
#
# An MMEngine configuration: `model`, pipelines, `optim_wrapper` and `param_scheduler` are in the
# terms of MMSegmentation. The number of classes, data, seed, hooks and the losses of the arms are
# filled in by `smallobjects train-segmentor`.

# A crop that reaches beyond its image is padded with the mean colour, which is 0 after
# normalisation, and with labels that are ignored. `size` is that of the crops.
model = dict(
    data_preprocessor=dict(
        type="SegDataPreProcessor",
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
    ),
    # How the network is shown an image in a test: whole, or (mode="slide") through a window of
    # `crop_size` that moves by `stride`.
    test_cfg=dict(mode="whole"),
)

test_pipeline = [
    dict(type="LoadImageFromFile", color_type="color_ignore_orientation"),
    dict(type="PackSegInputs"),
]
# Every image is seen once, at this size. A dense CRF may follow (`crf`).
inference = dict(scales=[1.0], flip=False)

# To 0 after the last iteration, every iteration.
param_scheduler = [dict(type="PolyLR", power=0.9, eta_min=0.0)]

precision = "fp32"  # bf16 or fp16: mixed precision
channels_last = False  # memory layout; with mixed precision, True is faster on most GPUs
compile_backbone = False  # in a minute, then faster on one GPU; needs a C++ compiler

# "Small Objects Matters in Weakly-supervised Semantic Segmentation" (supplement, section 3). It
# says so of the weakly-supervised methods; that its fully supervised networks are trained as long
# is this project's assumption.
schedule = dict(
    iterations=30000,
    shared_iterations=25000,
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
    # From random values on one CPU core: small networks whose BatchNorm is trained. A crop is two
    # thirds of a scene wide, as 321 pixels are of a photograph.
    demo=dict(
        model=dict(
            data_preprocessor=dict(size=(64, 64)),
            backbone=dict(
                _delete_=True,
                type="TinyBackbone",
                channels=(32, 64, 64, 64),
                strides=(2, 2, 1, 1),
                dilations=(1, 1, 1, 2),
            ),
            test_cfg=dict(_delete_=True, mode="whole"),
        ),
        train_pipeline=[
            dict(type="LoadImageFromFile", color_type="color_ignore_orientation"),
            dict(type="LoadLabels"),
            dict(type="RandomCrop", crop_size=(64, 64)),
            dict(type="RandomFlip", prob=0.5),
            dict(type="PackSegInputs"),
        ],
        test_pipeline=[
            dict(type="LoadImageFromFile", color_type="color_ignore_orientation"),
            dict(type="PackSegInputs"),
        ],
        inference=dict(crf=None),
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
    # On photographs of 320 pixels and a CPU: EfficientNet-Lite0 with its ImageNet weights.
    photos=dict(
        model=dict(
            data_preprocessor=dict(size=(192, 192)),
            backbone=dict(
                _delete_=True,
                type="StagedBackbone",
                network="efficientnet_lite0",
                trained_from="layer2",  # a fifth faster: the first stages have most of the pixels
                init_cfg=dict(type="Pretrained", checkpoint="weights/efficientnet_lite0.pth"),
            ),
            test_cfg=dict(_delete_=True, mode="whole"),
        ),
        train_pipeline=[
            dict(type="LoadImageFromFile", color_type="color_ignore_orientation"),
            dict(type="LoadLabels"),
            dict(
                type="RandomChoice",
                transforms=[
                    [dict(type="Resize", scale_factor=factor)] for factor in (0.75, 1.0, 1.25)
                ],
            ),
            dict(type="RandomCrop", crop_size=(192, 192)),
            dict(type="RandomFlip", prob=0.5),
            dict(type="PackSegInputs"),
        ],
        test_pipeline=[
            dict(type="LoadImageFromFile", color_type="color_ignore_orientation"),
            dict(type="PackSegInputs"),
        ],
        inference=dict(crf=None),
        # Between the two best of nine pairs of rates, by the loss of 150 iterations on training
        # images with their own masks (docs/photos.md). At 0.01 it stays where it is after 150.
        optim_wrapper=dict(
            _delete_=True,
            type="OptimWrapper",
            optimizer=dict(type="SGD", lr=0.002, momentum=0.9, weight_decay=5e-4),
            paramwise_cfg=dict(custom_keys={"decode_head": dict(lr_mult=40)}),
        ),
        schedule=dict(
            iterations=1000,
            shared_iterations=700,
            batch_size=8,
            checkpoint_interval=100,
            log_interval=50,
        ),
        ewc=dict(strength=20.0),
        ablation=dict(strength=[2.0, 200.0]),
    ),
)
