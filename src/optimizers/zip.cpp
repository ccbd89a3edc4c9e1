#include "xtape/optimizers/zip.hpp"

#include "core/check.hpp"

namespace xtape {

GradientsAndVariables zip(std::span<const Tensor> gradients, std::span<const Variable> variables) {
  if (gradients.size() != variables.size()) {
    detail::fail<ValueError>("zip", "expected one gradient for each variable: {} gradients, {} variables",
                             gradients.size(), variables.size());
  }
  return {gradients, variables};
}

}  // namespace xtape
