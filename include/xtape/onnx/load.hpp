#pragma once

#include <string>

#include "xtape/models/model.hpp"

/// Models in ONNX files. Model::export_onnx writes them.
namespace xtape::onnx {

/// Keyword arguments of load.
struct LoadOptions {
  bool trainable = true;  ///< false: the weights are frozen, until set_trainable(true)
  /// Computes convolutions and what is between them with the channels last, as xtape's kernels do; layers then give
  /// tensors [batch, height, width, channels], as the summary shows. false: each layer gives what the file says, and
  /// transposes inside. Inputs and outputs of the model are those of the file in either case.
  bool channels_last = true;
};

/// The model in an ONNX file, from any exporter: a functional model that can be called, trained, frozen, cut and joined
/// with other layers as any other. Its inputs and outputs have the names, dtypes and shapes of the file, with -1 for
/// open sizes such as the batch, and are in its order of axes (mostly channels first). Each node is a layer, under the
/// name of the node; shapes are computed inside the layers that need them.
///
///     xp::Model model = xp::onnx::load("m.onnx");
///     xp::Model features(model.input(), model.get_layer("/avgpool/GlobalAveragePool").output());
///
/// Floating initializers become variables under their names, which save_weights() writes and load_weights() expects
/// without a prefix: for a model that PyTorch has exported, mostly those of its state dict. Statistics of
/// BatchNormalization are not trainable. Single numbers, sizes and tensors of integers stay constants, and Dropout and
/// BatchNormalization train with `training = true` as their layers do. float16 and bfloat16 are computed as float32,
/// integers of one and two bytes as int32 (see docs/guides/saving.md for the operators).
///
/// Throws a DataError that names the file and the node for a file that is missing, damaged or inconsistent, for
/// operators that xtape does not have, all of which it names, and for shapes that depend on data; a RuntimeError in a
/// library built without protobuf.
Model load(const std::string& path, const LoadOptions& options = {});

}  // namespace xtape::onnx
