# Segmenter (Strudel et al., ICCV 2021) as MMSegmentation has it: a ViT-B/16 and the decoder of
# class tokens. It is published for ADE20K, Pascal Context and Cityscapes, never for VOC 2012, and
# the supplement does not say which size it took; B/16 is the middle one.
_base_ = "bases/training.py"

title = "Segmenter"

model = dict(
    type="EncoderDecoder",
    data_preprocessor=dict(size=(512, 512), mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5]),
    backbone=dict(
        type="PublishedVisionTransformer",
        img_size=(512, 512),
        patch_size=16,
        embed_dims=768,
        num_layers=12,
        num_heads=12,
        drop_path_rate=0.1,
        patch_bias=True,
        final_norm=True,
        norm_cfg=dict(type="LN", eps=1e-6),
        interpolate_mode="bicubic",
        # AugReg, ImageNet-21k and then ImageNet at 384², as published by Google; the same weights
        # of timm (vit_base_patch16_384) or of MMSegmentation are read as well, as .pth.
        init_cfg=dict(type="Pretrained", checkpoint="weights/vit_b16_augreg_384.npz"),
    ),
    decode_head=dict(
        type="SegmenterMaskTransformerHead",
        in_channels=768,
        channels=768,
        embed_dims=768,
        num_layers=2,
        num_heads=12,
        # As the authors' code; MMSegmentation's default is 0.1.
        drop_path_rate=0.0,
        dropout_ratio=0.0,
        loss_decode=dict(type="SizeWeightedCrossEntropy"),
    ),
    train_cfg=dict(),
    # The windows of MMSegmentation's configuration of the same ViT.
    test_cfg=dict(mode="slide", crop_size=(512, 512), stride=(480, 480)),
)

train_pipeline = [
    dict(type="LoadImageFromFile", color_type="color_ignore_orientation"),
    dict(type="LoadLabels"),
    dict(type="RandomResize", scale=(2048, 512), ratio_range=(0.5, 2.0), keep_ratio=True),
    dict(type="RandomCrop", crop_size=(512, 512), cat_max_ratio=0.75),
    dict(type="RandomFlip", prob=0.5),
    dict(type="PhotoMetricDistortion"),
    dict(type="PackSegInputs"),
]
# The shorter side has 512 pixels, so that the windows are as large as the training's crops.
test_pipeline = [
    dict(type="LoadImageFromFile", color_type="color_ignore_orientation"),
    dict(type="Resize", scale=(2048, 512), keep_ratio=True),
    dict(type="PackSegInputs"),
]

# The authors' optimizer for ADE20K, with its batch of 8.
optim_wrapper = dict(
    type="OptimWrapper",
    optimizer=dict(type="SGD", lr=1e-3, momentum=0.9, weight_decay=0.0),
)
param_scheduler = [dict(type="PolyLR", power=0.9, eta_min=1e-5)]
schedule = dict(batch_size=8)
# Its row in Table 2 of the supplement: with CE, and the gain with L_sb.
published = dict(
    voc=dict(miou=(79.9, 0.6), ia_miou=(69.5, 5.2), ia_s=(24.1, 16.7)),
    pascal_b=dict(miou=(67.9, -0.2), ia_miou=(45.9, 4.9), ia_s=(13.1, 7.6)),
)
scales = dict(
    demo=dict(
        model=dict(
            # Over the network above, in place of the small one of the others.
            backbone=dict(
                _delete_=True,
                img_size=(64, 64),
                patch_size=8,
                embed_dims=64,
                num_layers=2,
                num_heads=4,
                mlp_ratio=2,
                drop_path_rate=0.0,
                init_cfg=None,
            ),
            decode_head=dict(
                in_channels=64, channels=64, embed_dims=64, num_layers=1, num_heads=4, mlp_ratio=2
            ),
        ),
        # Gradient descent does not teach a small ViT anything from random values in this time.
        optim_wrapper=dict(
            _delete_=True,
            optimizer=dict(_delete_=True, type="AdamW", lr=0.002, weight_decay=0.01),
        ),
        per_dataset=dict(
            coco=dict(schedule=dict(iterations=240, shared_iterations=170)),
        ),
    ),
)
