#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/trace.hpp"

namespace xtape::detail {

/// The number of a tensor in a program. 0 is the empty tensor.
using Place = std::uint32_t;

/// What is known of one tensor of a traced function.
struct TracedTensor {
  enum class Kind : std::uint8_t {
    empty,
    argument,  ///< given by the caller, `index`
    variable,  ///< a variable's value when the steps before `index` writes of it have run
    constant,  ///< `value`
    result,    ///< written by a step
    view,      ///< of the elements of `base`, `bytes` behind its first
  };
  Kind kind = Kind::empty;
  DType dtype = DType::float32;
  std::uint32_t index = 0;
  Place base = 0;
  std::int64_t bytes = 0;
  Shape shape;
  Tensor value;
  Variable variable;
};

/// One launch.
struct TracedStep {
  Kernel kernel;              ///< empty for an elementwise step
  std::vector<Place> places;  ///< of the operands: what is read, then what is written
  std::size_t outputs = 0;
  LaunchKind kind = LaunchKind::pure;
  kernels::Elementwise loop{};
  std::string functor;  ///< what loop.f points to
  std::vector<Variable> writes;
};

/// What a function did, in order.
struct Trace {
  std::vector<TracedTensor> tensors;
  std::vector<TracedStep> steps;
  std::vector<Place> results;  ///< what the function returned
};

/// A trace made ready to run: every tensor has its place in memory, which those that do not live at the same time
/// share; neighbouring elementwise steps run piece by piece, so that what passes between them stays in the cache.
class Program {
 public:
  explicit Program(Trace trace);

  /// The results for these arguments, in order.
  Tensors run(std::span<const Tensor* const> arguments);

  std::size_t num_steps() const noexcept { return trace_.steps.size(); }
  std::size_t num_fused() const noexcept { return fused_; }
  std::int64_t arena_bytes() const noexcept { return arena_bytes_; }

 private:
  /// A stretch of steps that run one after the other, or one run of fused elementwise ones.
  struct Stretch {
    std::size_t begin, end;
    bool fused;
  };
  /// When a tensor's elements are in use: from the step that writes them to the last that reads them.
  struct Life {
    std::size_t first = ~std::size_t{0}, last = 0;
    bool used() const { return first != ~std::size_t{0}; }
  };
  Place base_of(Place place) const;
  void remove_unused();
  void find_lives();
  void plan_memory();
  void find_stretches();
  void assign_buffers(const Stretch& stretch);
  bool fuses(const TracedStep& step, std::int64_t numel) const;
  void bind();
  void prepare(std::span<const Tensor* const> arguments);
  void run_elementwise(const TracedStep& step) const;
  void run_fused(const Stretch& stretch) const;

  Trace trace_;
  std::vector<Life> lives_;            ///< by place, those of bases
  std::vector<bool> escapes_;          ///< by place: the caller gets these elements
  std::vector<std::int64_t> offsets_;  ///< in the arena, -1 outside
  /// By place: the buffer through which a tensor passes between the steps of a fused stretch, which are all that see
  /// it.
  std::vector<std::uint8_t> buffers_;
  std::int64_t arena_bytes_ = 0;
  Tensor arena_;
  std::size_t fused_ = 0;
  std::vector<Stretch> stretches_;
  std::vector<Tensor> tensors_;                       ///< by place
  std::vector<const Tensor*> table_;                  ///< by place: where the tensor is at this moment
  std::vector<Place> fresh_, moving_views_;           ///< made anew in each run
  std::vector<std::pair<std::size_t, Place>> holds_;  ///< before a step: variables whose old values are needed after it
};

}  // namespace xtape::detail
