#include "optimize/transposed.hpp"

#include <memory>

#include "xtape/tape/gradient_tape.hpp"
#include "xtape/transforms/grad.hpp"

namespace xtape::optimize {

TensorFunction transposed_at(const TensorFunction& f, const Tensor& x) {
  auto tape =
      std::make_shared<GradientTape>(GradientTapeOptions{.persistent = true, .watch_accessed_variables = false});
  const Tensor own = detail::identity(x);
  tape->watch(own);
  const Tensor y = f(own);
  tape->stop();
  return [tape, own, y](const Tensor& dy) {
    return tape->gradient(y, own, {.output_gradients = {dy}, .unconnected_gradients = UnconnectedGradients::zero});
  };
}

}  // namespace xtape::optimize
