#pragma once

#include "xtape/core/tensor.hpp"

namespace xtape {
namespace nn {

/// max(x, 0); NaN stays NaN. The gradient at 0 is 0, as in TensorFlow.
Tensor relu(const Tensor& x);
/// x where x >= 0, negative_slope x below; the slope is 0.2 unless given, as in Keras and TensorFlow.
Tensor leaky_relu(const Tensor& x);
Tensor leaky_relu(const Tensor& x, double negative_slope);
/// log(1 + e^x), without overflow.
Tensor softplus(const Tensor& x);
/// 1 / (1 + e^-x)
Tensor sigmoid(const Tensor& x);
/// The hyperbolic tangent.
Tensor tanh(const Tensor& x);
/// x itself (Keras's "linear").
Tensor linear(const Tensor& x);

/// e^x_i / sum_j e^x_j along an axis, the last one unless given, from x - max(x) so that nothing overflows. The result
/// remembers its logits, so that a loss applied to it directly uses the stable formula, as in Keras.
Tensor softmax(const Tensor& x);
Tensor softmax(const Tensor& x, int axis);
/// log(softmax(x)) = x - max(x) - log sum e^(x - max(x))
Tensor log_softmax(const Tensor& x);
Tensor log_softmax(const Tensor& x, int axis);

/// -sum_j labels_j log softmax(logits)_j along the last axis (tf.nn.softmax_cross_entropy_with_logits): shapes
/// [..., classes] and [..., classes] -> [...]. Gradients flow to the logits and to floating labels. Throws a ValueError
/// when the shapes differ.
Tensor softmax_cross_entropy_with_logits(const Tensor& labels, const Tensor& logits);

/// -log softmax(logits)_label: integer labels [...] and logits [..., classes] -> [...]
/// (tf.nn.sparse_softmax_cross_entropy_with_logits). Throws a ValueError when the shapes do not fit, an IndexError for
/// a label outside [0, classes).
Tensor sparse_softmax_cross_entropy_with_logits(const Tensor& labels, const Tensor& logits);

/// -labels log(sigmoid(logits)) - (1 - labels) log(1 - sigmoid(logits)), element by element and without overflow
/// (tf.nn.sigmoid_cross_entropy_with_logits). Gradients flow to both. Throws a ValueError when the shapes differ.
Tensor sigmoid_cross_entropy_with_logits(const Tensor& labels, const Tensor& logits);

/// x + bias, where bias is a vector of the size of the last axis (tf.nn.bias_add). Throws a ValueError for other
/// shapes.
Tensor bias_add(const Tensor& x, const Tensor& bias);

/// The rows of params at integer ids of any shape: gather(params, ids) (tf.nn.embedding_lookup). Throws an IndexError
/// for an id outside of params.
Tensor embedding_lookup(const Tensor& params, const Tensor& ids);

}  // namespace nn

namespace detail {
/// dy where y > 0, else 0: the gradient of relu from its result.
Tensor relu_grad(const Tensor& dy, const Tensor& y);
/// The logits of a tensor that softmax over its last axis has computed; otherwise empty.
Tensor logits_of(const Tensor& probabilities);
}  // namespace detail

}  // namespace xtape
