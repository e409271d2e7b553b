"""The operators of TensorFlow that the graph of a SavedModel from anywhere may hold: those listed here, and no others.

A graph is a program, and TensorFlow has some 1,900 operators: they read and write files, open connections, call Python,
keep data sets and log. A classifier of one image needs none of that. What is listed computes from its inputs alone, but
for the groups that say what else they touch. What a later TensorFlow adds is refused until somebody has read it.
"""

from __future__ import annotations

# Element by element: the result has its inputs' shape, broadcast.
_ARITHMETIC = """
    Abs Acos Acosh Add AddN AddV2 Asin Asinh Atan Atan2 Atanh Bitcast BitwiseAnd BitwiseOr BitwiseXor Cast Ceil
    ClipByValue Cos Cosh Div DivNoNan Elu Equal Erf Erfc Erfinv Exp Expm1 Floor FloorDiv FloorMod Greater
    GreaterEqual Inv Invert IsFinite IsInf IsNan LeakyRelu LeftShift Less LessEqual Log Log1p LogicalAnd LogicalNot
    LogicalOr Maximum Minimum Mod Mul MulNoNan Ndtri Neg NotEqual Pow RealDiv Reciprocal Relu Relu6 RightShift Rint
    Round Rsqrt Select SelectV2 Selu Sigmoid Sign Sin Sinh Softplus Softsign Sqrt Square SquaredDifference Sub Tan
    Tanh TruncateDiv TruncateMod Xdivy Xlog1py Xlogy
"""
# Sums, products, counts and choices along axes: dense layers, attention, heads, histograms.
_REDUCTIONS = """
    All Any ArgMax ArgMin BatchMatMul BatchMatMulV2 BatchMatMulV3 Bincount Bucketize Cumprod Cumsum
    CumulativeLogsumexp DenseBincount Einsum EuclideanNorm InTopKV2 L2Loss LogSoftmax MatMul MatrixBandPart
    MatrixDiagPartV3 MatrixDiagV3 MatrixSolve Max Mean Min Prod SegmentMax SegmentMean SegmentSum Softmax Sum TopKV2
    UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentSum
"""
# Recurrent layers of Keras 2 as GPUs compute them, which stand beside what CPUs run.
_RECURRENT = """
    CudnnRNNBackpropV3 CudnnRNNV3
"""
# Windows over images: convolution and its transpose, pooling, normalisation, the rounding of quantization-aware nets.
_CONVOLUTIONS = """
    AvgPool AvgPool3D BatchToSpace BatchToSpaceND BiasAdd BiasAddV1 Conv Conv2D Conv2DBackpropInput Conv3D
    Conv3DBackpropInputV2 DataFormatDimMap DataFormatVecPermute DepthToSpace DepthwiseConv2dNative
    DepthwiseConv2dNativeBackpropInput Dilation2D ExtractImagePatches FakeQuantWithMinMaxArgs
    FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3 LRN
    MaxPool MaxPool3D MaxPoolV2 MaxPoolWithArgmax QuantizeAndDequantizeV2 QuantizeAndDequantizeV3
    QuantizeAndDequantizeV4 SpaceToBatch SpaceToBatchND SpaceToDepth
"""
# Numbers moved, repeated and rearranged. How much memory they may take, the limit of the process says that tries them.
_SHAPES = """
    BroadcastArgs BroadcastTo Concat ConcatOffset ConcatV2 Const DynamicPartition DynamicStitch EnsureShape
    ExpandDims Fill Gather GatherNd GatherV2 Identity IdentityN InvertPermutation LinSpace MirrorPad NoOp OneHot
    OnesLike Pack Pad PadV2 ParallelDynamicStitch Placeholder PlaceholderWithDefault PreventGradient Range Rank
    Reshape Reverse ReverseSequence ReverseV2 Roll ScatterNd Shape ShapeN Size Slice Snapshot Split SplitV Squeeze
    StopGradient StridedSlice TensorScatterAdd TensorScatterMax TensorScatterMin TensorScatterSub
    TensorScatterUpdate TensorStridedSliceUpdate Tile Transpose Unique UniqueV2 Unpack UnravelIndex Where ZerosLike
"""
# Branches, loops and calls of functions that are in the same file, and the lists that loops fill; a check that stops.
# How long loops take, the limit of the process says that tries them.
_CONTROL = """
    Assert Case CheckNumerics EmptyTensorList FakeParam If PartitionedCall StatefulPartitionedCall StatelessCase
    StatelessIf StatelessWhile TensorListConcatV2 TensorListElementShape TensorListFromTensor TensorListGather
    TensorListGetItem TensorListLength TensorListPopBack TensorListPushBack TensorListReserve TensorListResize
    TensorListSetItem TensorListStack While
"""
# The model's weights, in memory: TensorFlow's loader reads them from the folder, and they die with the process.
_VARIABLES = """
    AssignAddVariableOp AssignSubVariableOp AssignVariableOp DisableCopyOnRead ReadVariableOp ResourceGather
    ResourceGatherNd VarHandleOp VarIsInitializedOp VariableShape
"""
# Dropout and augmentation, which Keras leaves in a graph; the state of a generator is a variable.
_RANDOM = """
    RandomShuffle RandomStandardNormal RandomUniform RandomUniformInt RngReadAndSkip RngSkip
    StatefulStandardNormalV2 StatefulUniform StatefulUniformFullInt StatefulUniformInt StatelessRandomGammaV3
    StatelessRandomGetAlg StatelessRandomGetKeyCounter StatelessRandomGetKeyCounterAlg StatelessRandomNormal
    StatelessRandomNormalV2 StatelessRandomUniform StatelessRandomUniformFullInt StatelessRandomUniformFullIntV2
    StatelessRandomUniformInt StatelessRandomUniformIntV2 StatelessRandomUniformV2 StatelessShuffle
    StatelessTruncatedNormal StatelessTruncatedNormalV2 TruncatedNormal
"""
# What tf.image does to pixels. Nothing decodes: the input is pixels already.
_IMAGES = """
    AdjustContrastv2 AdjustHue AdjustSaturation CropAndResize HSVToRGB ImageProjectiveTransformV2
    ImageProjectiveTransformV3 RGBToHSV ResizeArea ResizeBicubic ResizeBilinear ResizeNearestNeighbor
    ScaleAndTranslate
"""
# Tables from keys to values, in memory and filled with tensors: what fills them from a file has a name of its own.
_TABLES = """
    HashTableV2 InitializeTableV2 LookupTableExportV2 LookupTableFindV2 LookupTableImportV2 LookupTableSizeV2
    MutableHashTableV2
"""

ARITHMETIC = frozenset(_ARITHMETIC.split())
ALLOWED = frozenset(
    " ".join((
        _ARITHMETIC, _REDUCTIONS, _RECURRENT, _CONVOLUTIONS, _SHAPES, _CONTROL, _VARIABLES, _RANDOM, _IMAGES, _TABLES
    )).split()
)  # fmt: skip

# How TensorFlow writes and reads weights: in functions that take the file's name and that nothing else calls. They are
# taken out of what is loaded, since the loader reads the weights itself.
CHECKPOINT = frozenset({
    "MergeV2Checkpoints", "RestoreV2", "SaveV2", "ShardedFilename", "StaticRegexFullMatch", "StringJoin",
})  # fmt: skip
