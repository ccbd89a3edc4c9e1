#include "optimize/implicit.hpp"

#include "tape/tape_impl.hpp"

namespace xtape::optimize {

Tensor implicit_solution(const Tensor& x, const TensorFunction& newton) {
  detail::TapeImpl* innermost = detail::thread_state.innermost_tape;
  if (innermost == nullptr) return x;
  Tensor z = x;
  if (innermost->outer() != nullptr) {
    const detail::ThreadStateScope<&detail::ThreadState::innermost_tape> outside(innermost->outer());
    z = implicit_solution(x, newton);
  }
  if (innermost->options().persistent) z = newton(z);
  return newton(z);
}

}  // namespace xtape::optimize
