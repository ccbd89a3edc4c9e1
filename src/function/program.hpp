#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "core/trace.hpp"

namespace xtape::detail {

/// The number of a tensor in a program. 0 is the empty tensor.
using Place = std::uint32_t;

/// One tensor of a traced function.
struct TracedTensor {
  enum class Kind : std::uint8_t {
    empty,
    argument,  ///< argument number `index`
    variable,  ///< the value of a variable after `index` writes to it
    constant,  ///< `value`
    result,    ///< written by a step
    view,      ///< of the elements of `base`, `bytes` after the first
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
  std::vector<Place> places;  ///< of the operands: first those that are read, then those that are written
  std::size_t outputs = 0;
  LaunchKind kind = LaunchKind::pure;
  kernels::Elementwise loop{};
  std::string functor;  ///< what loop.f points to
  std::vector<Variable> writes;
  std::string context;  ///< for errors: see core/traced_context.hpp
};

/// The launches of a function, in order.
struct Trace {
  std::vector<TracedTensor> tensors;
  std::vector<TracedStep> steps;
  std::vector<Place> results;  ///< what the function returned
};

/// A trace that is ready to run. Every tensor has a fixed place in an arena; tensors that do not live at the same time
/// share memory. Adjacent elementwise steps are fused: they run piece by piece, so that intermediate results stay in
/// the cache.
class Program {
 public:
  explicit Program(Trace trace);

  /// The results for these arguments, in order.
  Tensors run(std::span<const Tensor* const> arguments);

  std::size_t num_steps() const noexcept { return trace_.steps.size(); }
  std::size_t num_fused() const noexcept { return fused_; }
  std::int64_t arena_bytes() const noexcept { return arena_bytes_; }

 private:
  /// A range of steps that run one after another, or a range of fused elementwise steps.
  struct Stretch {
    std::size_t begin, end;
    bool fused;
  };
  /// When the elements of a tensor are in use: from the step that writes them to the last step that reads them.
  struct Life {
    std::size_t first = ~std::size_t{0}, last = 0;
    bool used() const { return first != ~std::size_t{0}; }
  };
  /// An elementwise step of operands whose addresses are known before a run, too few for threads: only its loop has to
  /// be called, which takes 7 to 10 ns a step instead of 14 to 31.
  struct DirectStep {
    kernels::ElementwiseLoop loop = nullptr;  ///< null: the step runs otherwise
    const void* f = nullptr;
    std::int64_t n = 0;
    const std::byte* out = nullptr;
    std::array<const std::byte*, kernels::max_operands> in{};
    std::uint8_t numbers = 0;   ///< bit k: operand k has one element for all
    std::uint8_t repeated = 0;  ///< bit k: it is constant, and in[k] a splat
  };
  /// An address that differs in each run: `bytes` after the first element of a tensor.
  struct Address {
    const std::byte** to;
    Place base;
    std::int64_t bytes;
  };
  struct alignas(64) Splat {
    std::byte bytes[kernels::splat_bytes];
  };
  Place base_of(Place place) const;
  void remove_unused();
  void find_lives();
  void plan_memory();
  void find_stretches();
  void assign_buffers(const Stretch& stretch, const std::vector<bool>& viewed);
  bool fuses(const TracedStep& step, std::int64_t numel) const;
  void bind();
  void bind_directly();
  void bind_directly(const TracedStep& step, DirectStep& direct);
  bool bind_operand(Place place, const std::byte*& address);
  void set_addresses() noexcept;
  void run_directly(const DirectStep& direct, const TracedStep& step) const;
  void prepare(std::span<const Tensor* const> arguments);
  void let_go() noexcept;
  void run_elementwise(const TracedStep& step) const;
  void run_fused(const Stretch& stretch) const;

  Trace trace_;
  std::vector<Life> lives_;            ///< by place; views count for their base
  std::vector<bool> escapes_;          ///< by place: the caller gets these elements
  std::vector<std::int64_t> offsets_;  ///< by place: the offset in the arena, -1 outside it
  /// By place: the buffer of a tensor that is only used between the steps of one fused stretch.
  std::vector<std::uint8_t> buffers_;
  std::int64_t arena_bytes_ = 0;
  Tensor arena_;
  std::size_t fused_ = 0;
  std::vector<Stretch> stretches_;
  std::vector<DirectStep> direct_;  ///< by step
  std::vector<Address> addresses_;  ///< in direct_
  std::vector<Splat> splats_;
  std::vector<Tensor> tensors_;              ///< by place
  std::vector<const Tensor*> table_;         ///< by place: the current tensor
  std::vector<Place> arguments_;             ///< by argument
  std::vector<Place> fresh_, moving_views_;  ///< made in each run
  std::vector<std::pair<std::size_t, Place>>
      holds_;  ///< before this step, hold the old value of a variable that is needed later
};

}  // namespace xtape::detail
