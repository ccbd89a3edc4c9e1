#include <algorithm>
#include <cstring>

#include "base/check.hpp"
#include "core/fill.hpp"
#include "core/launch.hpp"
#include "kernels/dispatch.hpp"
#include "tape/interleave.hpp"
#include "tape/source.hpp"
#include "tape/tape_impl.hpp"
#include "xtape/tape/gradient_tape.hpp"

// Matrices of derivatives, row by row: a walk for each element of the target.
namespace xtape {
namespace {

Shape joined(const Shape& a, const Shape& b) {
  detail::PoolVector<std::int64_t> sizes(a.begin(), a.end());
  sizes.insert(sizes.end(), b.begin(), b.end());
  return Shape(sizes);
}

/// Zeros like the target, with ones at `first`, `first + step`, `first + 2 step` and so on.
Tensor make_seed(const Tensor& target, std::int64_t first, std::int64_t step) {
  const Tensor seed = detail::make_like(target, target.dtype());
  kernels::visit(seed.dtype(), [&]<class T>(kernels::Type<T>) {
    detail::launch(
        [first, step](detail::Write to) {
          T* elements = to.data<T>();
          std::fill_n(elements, to.size(), T{});
          for (std::int64_t i = first; i < to.size(); i += step) elements[i] = T(1);
        },
        seed);
  });
  return seed;
}

/// Checks the tape and stops it, so that it does not record how the result is assembled.
void prepare(detail::TapeImpl& tape) {
  tape.check_usable();
  if (!tape.options().persistent) tape.stop();
}

/// Collects rows of the same shape and dtype in one tensor; in place if no tape or tracer is active.
class Rows {
 public:
  /// For `count` rows like `like`, interleaved in `outer` pieces: see tape/interleave.hpp.
  Rows(std::int64_t count, const Tensor& like, std::int64_t outer, const Shape& shape)
      : like_(like),
        shape_(shape),
        count_(static_cast<std::size_t>(count)),
        outer_(outer),
        seen_(is_recording() || detail::thread_state.tracer != nullptr),
        whole_(seen_ && count > 0 ? Tensor() : detail::make_tensor(shape, like.dtype())) {}

  void add(const Tensor& row) {
    connected_ = connected_ || row.defined();
    const Tensor filled = row.defined() ? row : detail::filled(like_.shape(), like_.dtype(), 0);
    if (seen_) {
      rows_.push_back(filled);
      return;
    }
    const auto from = detail::host_read(op_, filled);
    detail::place_part(from.dtype(), from.bytes(), from.size(), outer_, added_++, count_,
                       detail::host_write(op_, whole_).bytes());
  }
  bool connected() const noexcept { return connected_; }
  Tensor whole() const { return rows_.empty() ? whole_ : detail::interleaved(rows_, outer_, shape_); }

 private:
  static constexpr const char* op_ = "GradientTape.jacobian";
  Tensor like_;
  Shape shape_;
  std::size_t count_;
  std::int64_t outer_;
  bool seen_;
  bool connected_ = false;
  std::size_t added_ = 0;
  Tensor whole_;
  Tensors rows_;
};

}  // namespace

Tensors GradientTape::compute_jacobian(const Tensor& target, std::span<const detail::Source> sources,
                                       const JacobianOptions& options) {
  constexpr const char* op = "GradientTape.jacobian";
  if (!target.defined()) detail::fail<TypeError>(op, "argument `target` must be a tensor, it is empty");
  for (const auto& source : sources) detail::check_source(op, source);
  if (!is_floating(target.dtype())) {
    detail::fail<TypeError>(op, "expected a floating target, received {}", target.dtype());
  }
  prepare(impl());
  std::vector<Rows> rows;
  for (const auto& source : sources) {
    const Tensor& like = source.peek();
    rows.emplace_back(target.size(), like, 1, joined(target.shape(), like.shape()));
  }
  for (std::int64_t i = 0; i < target.size(); ++i) {
    const Tensor seed = make_seed(target, i, target.size());
    const Tensors gradients =
        impl().gradient({&target, 1}, sources, {.output_gradients = {seed}}, i + 1 < target.size());
    for (std::size_t k = 0; k < rows.size(); ++k) rows[k].add(gradients[k]);
  }
  Tensors result;
  for (const Rows& of_source : rows) {
    const bool wanted =
        of_source.connected() || options.unconnected_gradients == UnconnectedGradients::zero || target.size() == 0;
    result.push_back(wanted ? of_source.whole() : Tensor());
  }
  return result;
}

Tensor GradientTape::jacobian(const Tensor& target, const Tensor& source, const JacobianOptions& options) {
  const detail::Source sources[] = {source};
  return compute_jacobian(target, sources, options)[0];
}

Tensor GradientTape::jacobian(const Tensor& target, const Variable& source, const JacobianOptions& options) {
  const detail::Source sources[] = {source};
  return compute_jacobian(target, sources, options)[0];
}

Tensors GradientTape::jacobian(const Tensor& target, std::initializer_list<detail::Source> sources,
                               const JacobianOptions& options) {
  return compute_jacobian(target, {sources.begin(), sources.size()}, options);
}

Tensor GradientTape::batch_jacobian(const Tensor& target, const Tensor& source) {
  constexpr const char* op = "GradientTape.batch_jacobian";
  if (!target.defined() || !source.defined())
    detail::fail<TypeError>(op, "expected two tensors, received an empty one");
  if (target.rank() < 1 || source.rank() < 1 || target.shape()[0] != source.shape()[0]) {
    detail::fail<ValueError>(op, "Need first dimension of target shape {} and source shape {} to match.",
                             target.shape(), source.shape());
  }
  const std::int64_t batch = target.shape()[0], count = batch == 0 ? 0 : target.size() / batch;
  prepare(impl());
  const detail::Source sources[] = {source};
  detail::PoolVector<std::int64_t> sizes(target.shape().begin(), target.shape().end());
  sizes.insert(sizes.end(), source.shape().begin() + 1, source.shape().end());
  Rows rows(count, source, batch, Shape(sizes));
  for (std::int64_t j = 0; j < count; ++j) {
    const Tensor seed = make_seed(target, j, count);
    rows.add(impl().gradient({&target, 1}, sources, {.output_gradients = {seed}}, j + 1 < count)[0]);
  }
  return rows.whole();
}

}  // namespace xtape
