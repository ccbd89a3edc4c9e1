#include "xtape/optimizers/zip.hpp"

#include "base/check.hpp"

namespace xtape {

GradientsAndVariables zip(detail::ZipList<Tensor> gradients, detail::ZipList<Variable> variables) {
  const std::size_t n = gradients.get().size(), of = variables.get().size();
  if (n != of) {
    detail::fail<ValueError>("zip", "expected one gradient for each variable: {} gradients, {} variables", n, of);
  }
  return {std::move(gradients), std::move(variables)};
}

}  // namespace xtape
