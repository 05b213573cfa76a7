# FCN (Long et al., CVPR 2015) as MMSegmentation has it: two 3×3 convolutions on a dilated ResNet.
# The original, with a VGG-16 and stride 8, is published with 62.2 mIoU on VOC's test images; the
# supplement's 67.8 is MMSegmentation's.
_base_ = "bases/resnet50.py"

title = "FCN"

model = dict(
    decode_head=dict(
        type="FCNHead",
        in_channels=2048,
        in_index=3,
        channels=512,
        num_convs=2,
        concat_input=True,
        dropout_ratio=0.1,
        norm_cfg=dict(type="BN", requires_grad=True),
        align_corners=False,
        loss_decode=dict(type="SizeWeightedCrossEntropy"),
    ),
)
# Its row in Table 2 of the supplement: with CE, and the gain with L_sb.
published = dict(
    voc=dict(miou=(67.8, 0.8), ia_miou=(59.8, 4.9), ia_s=(17.1, 7.9)),
    pascal_b=dict(miou=(56.6, 1.2), ia_miou=(40.3, 5.0), ia_s=(10.1, 5.5)),
)
