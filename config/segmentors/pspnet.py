# PSPNet (Zhao et al., CVPR 2017) as MMSegmentation has it: what is pooled over the whole map and
# over 2×2, 3×3 and 6×6 parts of it stands beside the features of a dilated ResNet.
_base_ = "bases/resnet50.py"

title = "PSPNet"

model = dict(
    decode_head=dict(
        type="PSPHead",
        in_channels=2048,
        in_index=3,
        channels=512,
        pool_scales=(1, 2, 3, 6),
        dropout_ratio=0.1,
        norm_cfg=dict(type="BN", requires_grad=True),
        align_corners=False,
        loss_decode=dict(type="SizeWeightedCrossEntropy"),
    ),
)
# Its row in Table 2 of the supplement: with CE, and the gain with L_sb.
published = dict(
    voc=dict(miou=(76.7, 0.6), ia_miou=(65.2, 5.4), ia_s=(22.1, 13.2)),
    pascal_b=dict(miou=(63.3, 0.1), ia_miou=(42.4, 4.9), ia_s=(13.4, 6.3)),
)
