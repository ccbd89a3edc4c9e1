#include "xtape/optimizers/zip.hpp"

#include "base/check.hpp"

namespace xtape {

GradientsAndVariables zip(detail::ZipList<Tensor> gradients, detail::ZipList<Variable> variables) {
  const std::size_t count = gradients.get().size(), expected = variables.get().size();
  if (count != expected) {
    detail::fail<ValueError>("zip", "expected one gradient for each variable: {} gradients, {} variables", count,
                             expected);
  }
  return {std::move(gradients), std::move(variables)};
}

}  // namespace xtape
