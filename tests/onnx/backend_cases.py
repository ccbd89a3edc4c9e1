"""Writes ONNX's own test cases of single operators, with their inputs and outputs, for backend_test.cpp.

usage: python3 backend_cases.py FOLDER        (needs the package onnx, Debian's python3-onnx)

Each case becomes FOLDER/NAME/model.onnx with 0.inputs.npz and 0.outputs.npz. Inputs that decide about shapes are in these
cases inputs of the model, since each case is one node; here they become constants, as they are in models.
"""
import builtins
import os
import sys

import numpy

for name in ('bool', 'float', 'int', 'object'):  # which older versions of onnx expect of NumPy
    if name not in numpy.__dict__:
        setattr(numpy, name, getattr(builtins, name))

import onnx
from onnx import helper, numpy_helper

# The inputs of each operator that xtape has to know when it loads a model.
SHAPES = {
    'Clip': [1, 2], 'ConstantOfShape': [0], 'CumSum': [1], 'Dropout': [1, 2], 'Expand': [1], 'OneHot': [1], 'Pad': [1, 2, 3],
    'Range': [0, 1, 2], 'Reshape': [1], 'Resize': [1, 2, 3], 'Slice': [1, 2, 3, 4], 'Split': [1], 'Squeeze': [1],
    'Tile': [1], 'TopK': [1], 'Trilu': [1], 'Unsqueeze': [1], 'Upsample': [1], 'CenterCropPad': [1],
}


def cases():
    try:
        from onnx.backend.test.case.node import collect_testcases
        try:
            return list(collect_testcases(None))
        except TypeError:
            return list(collect_testcases())
    except ImportError:
        from onnx.backend.test.loader import load_model_tests
        return load_model_tests(kind='node')


# Dropout of random elements; sizes that are 0, which other exporters write for open ones; the coordinates of a length that
# is not whole, where ONNX Runtime and PyTorch take the length of the result.
OTHER = {
    'test_training_dropout', 'test_training_dropout_default', 'test_training_dropout_default_mask',
    'test_training_dropout_mask', 'test_split_zero_size_splits', 'test_reshape_allowzero_reordered',
    'test_resize_downsample_scales_linear_align_corners', 'test_resize_downsample_scales_cubic_align_corners',
}


def plain(array):
    """Types that npz files of xtape do not have, as those that it computes with."""
    return array.astype({'float16': 'float32', 'int8': 'int32', 'int16': 'int32', 'uint16': 'int32', 'uint32': 'int64',
                         'uint64': 'int64'}.get(str(array.dtype), array.dtype))


def main(folder):
    count = 0
    for case in cases():
        model, sets = case.model, case.data_sets
        if model is None or not sets or case.name in OTHER:
            continue
        graph = model.graph
        ports = list(graph.input) + list(graph.output)
        # NumPy has no bfloat16.
        if any(value.type.tensor_type.elem_type == onnx.TensorProto.BFLOAT16 for value in ports):
            continue
        if len(graph.node) == 0 or any(not value.type.HasField('tensor_type') for value in ports):
            continue
        for number, (inputs, outputs) in enumerate(sets[:1]):
            arrays = [*inputs, *outputs]
            if any(not isinstance(a, (numpy.ndarray, numpy.generic)) or a.dtype.kind not in 'fiub' for a in arrays):
                continue
            shaped = set()
            for node in graph.node:
                first = [node.input[i] for i in SHAPES.get(node.op_type, []) if i < len(node.input)]
                if node.op_type.startswith('Reduce') and len(node.input) > 1:
                    first.append(node.input[1])
                shaped.update(first)
            kept = {}
            copy = onnx.ModelProto()
            copy.CopyFrom(model)
            # An input that is left out has no value either.
            given = list(inputs)
            del copy.graph.input[:]
            for value, array in zip(graph.input, given):
                if value.name in shaped:
                    copy.graph.initializer.append(numpy_helper.from_array(numpy.asarray(array), value.name))
                else:
                    kept[value.name] = numpy.asarray(array)
                    copy.graph.input.append(value)
            if not kept:
                # A model needs an input: one that nothing uses.
                copy.graph.input.append(helper.make_tensor_value_info('unused', onnx.TensorProto.FLOAT, [1]))
                kept['unused'] = numpy.zeros([1], 'float32')
            to = os.path.join(folder, case.name)
            if os.path.exists(to):  # some names occur twice
                continue
            os.makedirs(to)
            onnx.save(copy, os.path.join(to, 'model.onnx'))
            # By place: names of values may be any text.
            numpy.savez(os.path.join(to, '%d.inputs.npz' % number), **{'%03d' % i: plain(a) for i, a in enumerate(kept.values())})
            numpy.savez(os.path.join(to, '%d.outputs.npz' % number),
                        **{'%03d' % i: plain(numpy.asarray(a)) for i, a in enumerate(outputs)})
            count += 1
    print(count)


if __name__ == '__main__':
    main(sys.argv[1])
