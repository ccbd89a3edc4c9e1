// Products of matrices.
#include <algorithm>

#include "onnx/import_ops.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/attention.hpp"
#include "xtape/ops/contraction.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"

namespace xtape::detail {
namespace {

using Call = const OnnxImportCall&;

/// f of floating tensors, which products are of in xtape, for integers too.
template <class F>
Tensor with_floating(const Tensor& a, const Tensor& b, const F& f) {
  if (is_floating(a.dtype())) return f(a, b);
  return cast(f(cast(a, float64), cast(b, float64)), a.dtype());
}

TensorList product(Call call) {
  return with_floating(call.in(0), call.in(1), [](const Tensor& a, const Tensor& b) { return matmul(a, b); });
}

TensorList general_product(Call call) {
  const bool transpose_a = call.flag("transA"), transpose_b = call.flag("transB");
  const double alpha = call.number("alpha", 1), beta = call.number("beta", 1);
  const Tensor &a = call.in(0), &b = call.in(1);
  expect_rank(call, a, 2, 2);
  expect_rank(call, b, 2, 2);
  const MatmulOptions options{.transpose_a = transpose_a, .transpose_b = transpose_b};
  Tensor y = with_floating(a, b, [&](const Tensor& m, const Tensor& n) { return matmul(m, n, options); });
  if (alpha != 1) y = y * constant(alpha, y.dtype());
  if (!call.has(2) || beta == 0) return y;
  return y + (beta == 1 ? call.in(2) : call.in(2) * constant(beta, y.dtype()));
}

TensorList einstein_sum(Call call) {
  std::string equation = call.text("equation", "");
  std::erase(equation, ' ');
  std::vector<Tensor> operands;
  for (const Tensor& each : call.inputs) operands.push_back(is_floating(each.dtype()) ? each : cast(each, float64));
  return cast(einsum(equation, operands), call.x().dtype());
}

constexpr OnnxImportOp table[] = {
    {"Einsum", einstein_sum, 1, any_number},
    {"Gemm", general_product, 2, 3, 0, input_bits(0, 1, 2)},
    {"MatMul", product, 2, 2, 0, input_bits(0, 1)},
};

}  // namespace

std::span<const OnnxImportOp> imported_product_ops() { return table; }

}  // namespace xtape::detail
