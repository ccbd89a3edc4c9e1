#include "xtape/optimizers/adafactor.hpp"

#include <algorithm>
#include <cmath>

#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "kernels/gradient_clipping.hpp"
#include "optimizers/check_options.hpp"
#include "optimizers/common_options.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"

namespace xtape::optimizers {
namespace {

double root_mean_square(const Tensor& t) {
  if (t.size() == 0) return 0;
  const double sum = kernels::visit_floating(t.dtype(), [&]<class T>(kernels::Type<T>) {
    return kernels::sum_of_squares(t.size(), detail::host_read("Optimizer", t).data<T>());
  });
  return std::sqrt(sum / static_cast<double>(t.size()));
}

}  // namespace

Adafactor::Adafactor(const AdafactorOptions& options)
    : Optimizer(common_options(options)),
      beta_2_decay_(options.beta_2_decay),
      epsilon_1_(options.epsilon_1),
      epsilon_2_(options.epsilon_2),
      clip_threshold_(options.clip_threshold) {
  describe(options);
  if (!(beta_2_decay_ <= 0)) {
    detail::fail<ValueError>("Adafactor", "expected beta_2_decay <= 0, received {}", beta_2_decay_);
  }
  check_not_negative("Adafactor", "epsilon_1", epsilon_1_);
  check_not_negative("Adafactor", "epsilon_2", epsilon_2_);
  if (!(clip_threshold_ > 0)) {
    detail::fail<ValueError>("Adafactor", "expected clip_threshold > 0, received {}", clip_threshold_);
  }
}

std::vector<Variable> Adafactor::build_slots(const Variable& variable) {
  if (variable.rank() < 2) return {add_slot(variable, "velocity")};
  const Tensor like = zeros(variable.shape(), variable.dtype());
  return {add_slot(Variable(reduce_sum(like, -1), {.name = variable.name()}), "r"),
          add_slot(Variable(reduce_sum(like, -2), {.name = variable.name()}), "c")};
}

void Adafactor::prepare_step() {
  const auto t = static_cast<double>(iterations() + 1);
  rate_ = std::min(step_rate(), 1 / std::sqrt(t));
  decay_ = 1 - std::pow(t, beta_2_decay_);
}

/// Adafactor (Shazeer, Stern: Adafactor: Adaptive Learning Rates with Sublinear Memory Cost, 2018, algorithms 4 and 5):
///   r = b r + (1 - b) mean_of_each_row(g^2 + epsilon_1);  c = b c + (1 - b) mean_of_each_column(g^2 + epsilon_1)
///   v = r c / mean(r)    (of vectors and scalars: v = b v + (1 - b) (g^2 + epsilon_1))
///   u = g / sqrt(v);  a = rate max(epsilon_2, rms(w));  w -= a u / max(1, rms(u) / clip_threshold)
/// It is made of ops, and not one kernel: it needs means of rows, of columns and of all elements before the first
/// element changes.
void Adafactor::update(Variable& variable, const Tensor& gradient, std::span<Variable> slots) {
  // The slots of a matrix lack the axis of the mean, which the views have with size 1, to broadcast.
  const auto follow = [&](Variable& mean, const Tensor& value) {
    mean.assign(mean.peek() * decay_ + detail::make_view(value, mean.shape()) * (1 - decay_));
    return detail::make_view(mean.peek(), value.shape());
  };
  const Tensor squares = square(gradient) + epsilon_1_;
  const auto velocity = [&] {
    if (slots.size() == 1) return follow(slots[0], squares);
    const Tensor r = follow(slots[0], reduce_mean(squares, -1, /*keepdims=*/true));
    const Tensor c = follow(slots[1], reduce_mean(squares, -2, /*keepdims=*/true));
    return r / reduce_mean(r, -2, /*keepdims=*/true) * c;
  };
  const Tensor u = gradient / sqrt(velocity());
  const double alpha = rate_ * std::max(epsilon_2_, root_mean_square(variable.peek()));
  variable.assign_sub(u * (alpha / std::max(1.0, root_mean_square(u) / clip_threshold_)));
}

}  // namespace xtape::optimizers
