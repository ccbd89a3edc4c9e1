#pragma once

#include <string>
#include <utility>
#include <vector>

#include "xtape/base/config.hpp"
#include "xtape/core/tensor.hpp"

// Sums of products over chosen axes; they run on matmul where they can. The operands must have the same dtype (a
// TypeError otherwise).
namespace xtape {

/// Einstein summation (np.einsum, tf.einsum): the equation labels the axes of each operand and, after "->", those of
/// the result. Labels that are not in the result are summed over.
///
///     einsum("bij,bjk->bik", {a, b})    einsum("ij->ji", {a})    einsum("ii", {a})    einsum("...i,...i", {a, b})
///
/// "..." stands for any number of axes, which broadcast. A label that occurs twice in one operand takes its diagonal.
/// Without "->" the result has the axes of "..." and then the labels that occur once, in alphabetical order. Operands
/// are contracted from left to right. Throws a ValueError for an equation that cannot be read or does not fit the
/// shapes.
Tensor einsum(const std::string& equation, const std::vector<Tensor>& operands);

/// The sum over the last `axes` axes of a and the first of b (tf.tensordot), or over a's axes `axes.first` and b's axes
/// `axes.second`, paired in this order: [free axes of a, free axes of b].
Tensor tensordot(const Tensor& a, const Tensor& b, int axes = 2);
Tensor tensordot(const Tensor& a, const Tensor& b, const std::pair<std::vector<int>, std::vector<int>>& axes);

/// NumPy's dot: the sum of products over the last axis of a and the second to last axis of b, or the only axis of a
/// vector b. With a scalar it is the product.
Tensor dot(const Tensor& a, const Tensor& b);

/// All products of an element of a and one of b: shape a.shape + b.shape.
Tensor outer(const Tensor& a, const Tensor& b);

/// The sum of products over the last axes of both: [..., k] and [---, k] -> [..., ---] (np.inner). With a scalar it is
/// the product.
Tensor inner(const Tensor& a, const Tensor& b);

/// The cross product of the vectors of three elements along an axis; the other axes broadcast (np.cross). Throws a
/// ValueError for another size of the axis.
Tensor cross(const Tensor& a, const Tensor& b, int axis = -1);

/// Kronecker's product: a copy of b times each element of a, in a's place (np.kron). Shapes [m1, m2, ...] and [n1, n2,
/// ...] give [m1 n1, m2 n2, ...]; axes of size 1 in front of the shorter one.
Tensor kron(const Tensor& a, const Tensor& b);

namespace linalg {

/// Keyword arguments of matvec.
struct MatvecOptions {
  bool transpose_a = false;

  XTAPE_FIELDS(transpose_a)
};

/// Matrices times vectors: [..., m, k] x [..., k] -> [..., m]. The leading axes broadcast.
Tensor matvec(const Tensor& a, const Tensor& b, MatvecOptions options = {});

}  // namespace linalg

}  // namespace xtape
