#include "libtorch/torch_ops.hpp"

#include <torch/torch.h>

#include <limits>
#include <map>
#include <stdexcept>

#include "libtorch/torch_nn.hpp"

namespace torch_ops {
namespace {

Tensor eye_like(const Tensor& x) { return torch::eye(x.size(-1), torch::kFloat64); }
Tensor far_from_singular(const Tensor& x) { return x + 5 * eye_like(x); }
Tensor definite(const Tensor& x) { return torch::matmul(x, transposed(x)) + eye_like(x); }
Tensor symmetric(const Tensor& x) { return x + transposed(x); }

const std::map<std::string, Op>& elementwise() {
  static const std::map<std::string, Op> ops = {
      {"abs", [](X x) { return x[0].abs(); }},
      {"acos", [](X x) { return x[0].acos(); }},
      {"acosh", [](X x) { return x[0].acosh(); }},
      {"asin", [](X x) { return x[0].asin(); }},
      {"asinh", [](X x) { return x[0].asinh(); }},
      {"atan", [](X x) { return x[0].atan(); }},
      {"atanh", [](X x) { return x[0].atanh(); }},
      {"ceil", [](X x) { return x[0].ceil(); }},
      {"cos", [](X x) { return x[0].cos(); }},
      {"cosh", [](X x) { return x[0].cosh(); }},
      {"digamma", [](X x) { return x[0].digamma(); }},
      {"erf", [](X x) { return x[0].erf(); }},
      {"erfc", [](X x) { return x[0].erfc(); }},
      {"exp", [](X x) { return x[0].exp(); }},
      {"expm1", [](X x) { return x[0].expm1(); }},
      {"floor", [](X x) { return x[0].floor(); }},
      {"lgamma", [](X x) { return x[0].lgamma(); }},
      {"log", [](X x) { return x[0].log(); }},
      {"log1p", [](X x) { return x[0].log1p(); }},
      {"negative", [](X x) { return -x[0]; }},
      {"polygamma 1", [](X x) { return torch::polygamma(1, x[0]); }},
      {"reciprocal", [](X x) { return x[0].reciprocal(); }},
      {"round", [](X x) { return x[0].round(); }},
      {"rsqrt", [](X x) { return x[0].rsqrt(); }},
      {"sigmoid", [](X x) { return x[0].sigmoid(); }},
      {"sign", [](X x) { return x[0].sign(); }},
      {"sin", [](X x) { return x[0].sin(); }},
      {"sinh", [](X x) { return x[0].sinh(); }},
      {"sqrt", [](X x) { return x[0].sqrt(); }},
      {"square", [](X x) { return x[0].square(); }},
      {"tan", [](X x) { return x[0].tan(); }},
      {"tanh", [](X x) { return x[0].tanh(); }},
      {"trunc", [](X x) { return x[0].trunc(); }},
      {"exp2", [](X x) { return x[0].exp2(); }},
      {"log2", [](X x) { return x[0].log2(); }},
      {"log10", [](X x) { return x[0].log10(); }},
      {"deg2rad", [](X x) { return x[0].deg2rad(); }},
      {"rad2deg", [](X x) { return x[0].rad2deg(); }},
      {"nan_to_num", [](X x) { return x[0].log().nan_to_num(2.0); }},
      {"hypot", [](X x) { return torch::hypot(x[0], x[1]); }},
      {"logaddexp", [](X x) { return torch::logaddexp(x[0], x[1]); }},
      {"copysign", [](X x) { return torch::copysign(x[0], x[1]); }},
      {"add", [](X x) { return x[0] + x[1]; }},
      {"subtract", [](X x) { return x[0] - x[1]; }},
      {"multiply", [](X x) { return x[0] * x[1]; }},
      {"divide", [](X x) { return x[0] / x[1]; }},
      {"pow", [](X x) { return torch::pow(x[0], x[1]); }},
      {"maximum", [](X x) { return torch::maximum(x[0], x[1]); }},
      {"minimum", [](X x) { return torch::minimum(x[0], x[1]); }},
      {"atan2", [](X x) { return torch::atan2(x[0], x[1]); }},
      {"mod", [](X x) { return torch::remainder(x[0], x[1]); }},
      {"floordiv", [](X x) { return torch::floor(x[0] / x[1]); }},
      {"clip_by_norm", [](X x) { return x[0] * 1.5 / x[0].norm().clamp_min(1.5); }},
      {"global_norm",
       [](X x) {
         return torch::cat({x[0].flatten(), x[1].flatten()}).norm();
       }},
      {"squared_difference", [](X x) { return (x[0] - x[1]).square(); }},
      {"where", [](X x) { return torch::where(x[0] > x[1], x[0] * 2, x[1] * 3); }},
      {"clip_by_value", [](X x) { return x[0].clamp(-1, 0.5); }},
  };
  return ops;
}

const std::map<std::string, Op>& movement() {
  static const std::map<std::string, Op> ops = {
      {"reshape",
       [](X x) {
         return x[0].reshape({2, -1});
       }},
      {"expand_dims", [](X x) { return x[0].unsqueeze(1); }},
      {"squeeze", [](X x) { return x[0].squeeze(1); }},
      {"transpose",
       [](X x) {
         return x[0].permute({2, 0, 1});
       }},
      {"swapaxes", [](X x) { return x[0].swapaxes(0, 2); }},
      {"moveaxis", [](X x) { return x[0].moveaxis(0, 2); }},
      {"concat",
       [](X x) {
         return torch::cat({x[0], x[1]}, 1);
       }},
      {"stack",
       [](X x) {
         return torch::stack({x[0], x[1]}, 1);
       }},
      {"slice", [](X x) { return x[0].slice(0, 1, 3).slice(1, 2, 5); }},
      {"strided slice", [](X x) { return x[0].slice(0, 0, 4, 2).slice(1, 1, 5, 3); }},
      {"split",
       [](X x) {
         return x[0].split_with_sizes({2, 3}, 1)[1];
       }},
      {"gather",
       [](X x) {
         return x[0].index_select(0, indices({2, 0, 2, 3}));
       }},
      {"tensor_scatter_add",
       [](X x) {
         return x[0].index_add(0, indices({2, 0, 2}), x[1]);
       }},
      {"boolean_mask",
       [](X x) {
         return x[0].index_select(0, indices({0, 2, 3}));
       }},
      {"broadcast_to",
       [](X x) {
         return x[0].broadcast_to({2, 3, 4});
       }},
      {"tile",
       [](X x) {
         return x[0].tile({3, 2});
       }},
      {"repeat", [](X x) { return x[0].repeat_interleave(3, 1); }},
      {"reverse",
       [](X x) {
         return x[0].flip({0, 1});
       }},
      {"roll", [](X x) { return x[0].roll(2, 1); }},
      {"tril", [](X x) { return x[0].tril(1); }},
      {"triu", [](X x) { return x[0].triu(-1); }},
      {"pad, constant",
       [](X x) {
         return F::pad(x[0], F::PadFuncOptions({0, 3, 1, 2}).value(1.5));
       }},
      {"pad, reflect",
       [](X x) {
         return F::pad(x[0], F::PadFuncOptions({3, 2}).mode(torch::kReflect));
       }},
      {"diag", [](X x) { return x[0].diag(1); }},
      {"diag_part", [](X x) { return x[0].diagonal(); }},
      {"trace", [](X x) { return x[0].trace(); }},
      {"reduce_sum",
       [](X x) {
         return x[0].sum(torch::IntArrayRef({0, 2}));
       }},
      {"flatten", [](X x) { return x[0].flatten(); }},
      {"unstack", [](X x) { return x[0].unbind(1)[2]; }},
      {"meshgrid",
       [](X x) {
         return torch::meshgrid({x[0], x[1]}, "xy")[1];
       }},
      {"index", [](X x) { return x[0].slice(0, 1, 4, 2).select(2, 1).unsqueeze(-1); }},
      {"gather_nd",
       [](X x) {
         return x[0].index({indices({2, 0, 2}), indices({1, 1, 1})});
       }},
      {"scatter_nd",
       [](X x) {
         return torch::zeros({4, 3}, torch::kFloat64).index_add(0, indices({2, 0, 2}), x[0]);
       }},
      {"tensor_scatter_update",
       [](X x) {
         return x[0].index_put({indices({2, 0})}, x[1]);
       }},
      {"band_part", [](X x) { return x[0].tril(2).triu(-1); }},
      {"set_diag", [](X x) { return x[0].diagonal_scatter(x[1]); }},
      {"argmax", [](X x) { return x[0].argmax(1).to(torch::kFloat64); }},
      {"argmin", [](X x) { return x[0].argmin(0).to(torch::kFloat64); }},
      {"argsort", [](X x) { return std::get<1>(x[0].sort(-1)).to(torch::kFloat64); }},
      {"reduce_mean", [](X x) { return x[0].mean(1, true); }},
      {"reduce_prod", [](X x) { return x[0].prod(1); }},
      {"reduce_max", [](X x) { return x[0].amax(1); }},
      {"reduce_min", [](X x) { return x[0].amin(0); }},
      {"reduce_logsumexp", [](X x) { return x[0].logsumexp(1); }},
      {"reduce_variance", [](X x) { return x[0].var(1, /*unbiased=*/false); }},
      {"reduce_std", [](X x) { return x[0].std(0, /*unbiased=*/false, /*keepdim=*/true); }},
      {"norm", [](X x) { return torch::linalg_vector_norm(x[0], 2, 1); }},
      {"norm, 1", [](X x) { return torch::linalg_vector_norm(x[0], 1, 1); }},
      {"norm, 3", [](X x) { return torch::linalg_vector_norm(x[0], 3); }},
      {"norm, infinity",
       [](X x) { return torch::linalg_vector_norm(x[0], std::numeric_limits<double>::infinity(), 1); }},
      {"cumsum", [](X x) { return x[0].cumsum(1); }},
      {"cumprod", [](X x) { return x[0].cumprod(1); }},
      {"sort", [](X x) { return std::get<0>(x[0].sort(-1)); }},
      {"sort, descending", [](X x) { return std::get<0>(x[0].sort(0, /*descending=*/true)); }},
      {"top_k", [](X x) { return std::get<0>(x[0].topk(3)); }},
      {"quantile",
       [](X x) {
         return x[0].quantile(torch::tensor({0.1, 0.6, 1.0}, torch::kFloat64), 1);
       }},
      {"median, higher", [](X x) { return x[0].quantile(0.5, 1, /*keepdim=*/false, "higher"); }},
      {"cov", [](X x) { return x[0].cov(); }},
      {"corrcoef", [](X x) { return x[0].corrcoef(); }},
      {"nanmean", [](X x) { return x[0].log().nanmean(1); }},
      {"nansum", [](X x) { return x[0].log().nansum(1); }},
      {"diff", [](X x) { return x[0].diff(2); }},
      {"rot90",
       [](X x) {
         return x[0].rot90(1, {0, 2});
       }},
      {"take_along_axis",
       [](X x) {
         return x[0].gather(1, indices({2, 0, 3, 3, 1, 2}).reshape({3, 2}));
       }},
      {"put_along_axis",
       [](X x) {
         return x[0].scatter(1, indices({2, 3, 1}).reshape({3, 1}), x[1]);
       }},
      {"searchsorted",
       [](X x) { return torch::searchsorted(std::get<0>(x[0].detach().sort(-1)), x[1].detach()).to(torch::kFloat64); }},
      {"bincount",
       [](X x) {
         return torch::zeros({5}, torch::kFloat64).index_add(0, indices({2, 0, 2, 4}), x[0]);
       }},
      {"unsorted_segment_sum",
       [](X x) {
         return torch::zeros({3, 2}, torch::kFloat64).index_add(0, indices({2, 0, 2, 1}), x[0]);
       }},
      {"unsorted_segment_max",
       [](X x) {
         return torch::stack({x[0][1], x[0][3], torch::maximum(x[0][0], x[0][2])});
       }},
      {"inner", [](X x) { return torch::inner(x[0], x[1]); }},
      {"kron", [](X x) { return torch::kron(x[0], x[1]); }},
      {"cross", [](X x) { return torch::linalg_cross(x[0], x[1]); }},
      {"grid_sample",
       [](X x) {
         const auto options = F::GridSampleFuncOptions().align_corners(false);
         return F::grid_sample(x[0].permute({0, 3, 1, 2}), x[1], options).permute({0, 2, 3, 1});
       }},
      {"grid_sample, reflection",
       [](X x) {
         const auto options = F::GridSampleFuncOptions().padding_mode(torch::kReflection).align_corners(true);
         return F::grid_sample(x[0].permute({0, 3, 1, 2}), x[1], options).permute({0, 2, 3, 1});
       }},
  };
  return ops;
}

const std::map<std::string, Op>& linalg() {
  static const std::map<std::string, Op> ops = {
      {"matmul", [](X x) { return torch::matmul(x[0], x[1]); }},
      {"matmul, transposed", [](X x) { return torch::matmul(transposed(x[0]), transposed(x[1])); }},
      {"matmul, batches", [](X x) { return torch::matmul(x[0], x[1]); }},
      {"matmul, matrix and vector", [](X x) { return torch::matmul(x[0], x[1]); }},
      {"matmul, vector and matrix", [](X x) { return torch::matmul(x[0], x[1]); }},
      {"matmul, vectors", [](X x) { return torch::matmul(x[0], x[1]); }},
      {"linear", [](X x) { return torch::linear(x[0], transposed(x[1]), x[2]); }},
      {"tensordot",
       [](X x) {
         return torch::tensordot(x[0], x[1], {1, 2}, {0, 1});
       }},
      {"tensordot, axes",
       [](X x) {
         return torch::tensordot(x[0], x[1], {0, 2}, {2, 0});
       }},
      {"outer", [](X x) { return torch::outer(x[0], x[1]); }},
      {"dot", [](X x) { return torch::dot(x[0], x[1]); }},
      {"matvec", [](X x) { return torch::mv(x[0], x[1]); }},
      {"einsum, batches",
       [](X x) {
         return torch::einsum("bij,bjk->bik", {x[0], x[1]});
       }},
      {"einsum, three",
       [](X x) {
         return torch::einsum("ij,jk,k->i", {x[0], x[1], x[2]});
       }},
      {"einsum, diagonal", [](X x) { return torch::einsum("ii->i", {x[0]}); }},
      {"einsum, dots",
       [](X x) {
         return torch::einsum("...i,...i->...", {x[0], x[1]});
       }},
      {"inv", [](X x) { return torch::linalg_inv(far_from_singular(x[0])); }},
      {"det", [](X x) { return torch::linalg_det(x[0]); }},
      {"slogdet", [](X x) { return std::get<1>(torch::linalg_slogdet(far_from_singular(x[0]))); }},
      {"solve", [](X x) { return torch::linalg_solve(far_from_singular(x[0]), x[1]); }},
      {"triangular_solve",
       [](X x) { return torch::linalg_solve_triangular(far_from_singular(x[0]).tril(), x[1], /*upper=*/false); }},
      {"triangular_solve, upper",
       [](X x) { return torch::linalg_solve_triangular(far_from_singular(x[0]).triu(), x[1], /*upper=*/true); }},
      {"cholesky", [](X x) { return torch::linalg_cholesky(definite(x[0])); }},
      {"lstsq", [](X x) { return torch::matmul(torch::linalg_pinv(x[0]), x[1]); }},
      {"qr, q", [](X x) { return std::get<0>(torch::linalg_qr(x[0])).abs(); }},
      {"qr, r", [](X x) { return std::get<1>(torch::linalg_qr(x[0])).abs(); }},
      {"svd, s", [](X x) { return torch::linalg_svdvals(x[0]); }},
      {"svd, u", [](X x) { return std::get<0>(torch::linalg_svd(x[0], false)).square(); }},
      {"svd, v", [](X x) { return transposed(std::get<2>(torch::linalg_svd(x[0], false))).square(); }},
      {"eigh, w", [](X x) { return std::get<0>(torch::linalg_eigh(symmetric(x[0]))); }},
      {"eigh, v", [](X x) { return std::get<1>(torch::linalg_eigh(symmetric(x[0]))).square(); }},
      {"pinv", [](X x) { return torch::linalg_pinv(x[0]); }},
      {"eigvalsh", [](X x) { return torch::linalg_eigvalsh(symmetric(x[0])); }},
      {"logdet", [](X x) { return torch::logdet(definite(x[0])); }},
      {"matrix_power", [](X x) { return torch::linalg_matrix_power(x[0], 5); }},
      {"matrix_power, negative", [](X x) { return torch::linalg_matrix_power(far_from_singular(x[0]), -3); }},
      {"expm", [](X x) { return torch::linalg_matrix_exp(x[0]); }},
      {"cond", [](X x) { return torch::linalg_cond(x[0]); }},
      {"cond, 1",
       [](X x) {  // linalg_cond of version 1.13 has no gradient for it
         const Tensor a = far_from_singular(x[0]);
         return a.abs().sum(0).max() * torch::linalg_inv(a).abs().sum(0).max();
       }},
      {"matrix_norm", [](X x) { return torch::linalg_matrix_norm(x[0]); }},
      {"matrix_norm, nuclear", [](X x) { return torch::linalg_matrix_norm(x[0], "nuc"); }},
      {"matrix_norm, 1", [](X x) { return torch::linalg_matrix_norm(x[0], 1); }},
      {"matrix_norm, 2", [](X x) { return torch::linalg_matrix_norm(x[0], 2); }},
  };
  return ops;
}

Array to_array(const Tensor& tensor) {
  const Tensor c = tensor.detach().contiguous();
  const auto* data = c.data_ptr<double>();
  return {{data, data + c.numel()}, {c.sizes().begin(), c.sizes().end()}};
}

}  // namespace

std::vector<std::string> names() {
  std::vector<std::string> all;
  for (const auto* part : {&elementwise(), &movement(), &linalg(), &nn()}) {
    for (const auto& op : *part) all.push_back(op.first);
  }
  return all;
}

Result run(const std::string& name, const std::vector<Array>& inputs, const std::vector<double>& weights) {
  std::vector<Tensor> x;
  for (const auto& input : inputs) {
    x.push_back(torch::tensor(input.values, torch::kFloat64).reshape(input.shape).requires_grad_());
  }
  for (const auto* part : {&elementwise(), &movement(), &linalg(), &nn()}) {
    const auto op = part->find(name);
    if (op == part->end()) continue;
    const Tensor y = op->second(x);
    const Tensor dy = torch::tensor(weights, torch::kFloat64).reshape(y.sizes());
    std::vector<Tensor> gradients(x.size());
    if (y.requires_grad()) {
      gradients = torch::autograd::grad({y}, x, {dy}, /*retain_graph=*/false, /*create_graph=*/false,
                                        /*allow_unused=*/true);
    }
    Result result{to_array(y), {}};
    for (std::size_t i = 0; i < x.size(); ++i) {
      result.gradients.push_back(to_array(gradients[i].defined() ? gradients[i] : torch::zeros_like(x[i])));
    }
    return result;
  }
  throw std::invalid_argument("libtorch: no op is called " + name);
}

std::string version() { return TORCH_VERSION; }

}  // namespace torch_ops
