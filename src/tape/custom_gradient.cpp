#include "xtape/tape/custom_gradient.hpp"

#include "base/check.hpp"
#include "core/fill.hpp"
#include "xtape/tape/mask.hpp"

namespace xtape::detail {

void check_gradient_count(const char* name, std::size_t expected, std::size_t returned) {
  if (expected == returned) return;
  fail<ValueError>(name, "custom_gradient function expected to return {} gradients but returned {}", expected,
                   returned);
}

void check_variable_count(const char* name, std::size_t expected, std::size_t returned) {
  if (expected == returned) return;
  fail<ValueError>(name, "custom_gradient function expected to return {} variable gradients but returned {}", expected,
                   returned);
}

void check_no_variables(const char* name, const PoolVector<Variable>& variables) {
  if (variables.empty()) return;
  std::string names;
  for (const auto& variable : variables) names += fmt::format("{}'{}'", names.empty() ? "" : ", ", variable.name());
  fail<TypeError>(name,
                  "the function uses variables [{}] that are not its arguments: grad_fn must accept them as its last "
                  "argument, (dy, const std::vector<Variable>& variables), and return a pair of gradients and variable "
                  "gradients",
                  names);
}

void hide_origin(std::span<Tensor> outputs) {
  for (auto& output : outputs) output = masked_like(output, make_alias(output));
}

Tensor gradient_or_zeros(const Tensor& dy, const Like& like) {
  return dy.defined() ? dy : filled(like.shape, like.dtype, 0);
}

}  // namespace xtape::detail
