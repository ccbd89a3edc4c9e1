#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "base/check.hpp"
#include "core/convert.hpp"
#include "core/launch.hpp"
#include "kernels/parallel.hpp"
#include "kernels/strided.hpp"
#include "ops/elementwise.hpp"
#include "xtape/ops/map_kernel.hpp"
#include "xtape/ops/map_traced.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/gradient_tape.hpp"
#include "xtape/tape/record_forward.hpp"

namespace xtape::detail {
namespace {

/// For the loop of second derivatives with eight inputs.
constexpr std::size_t max_inputs = 17, max_outputs = 9;

struct Pointers {
  std::array<const std::byte*, max_inputs> in{};
  std::array<bool, max_inputs> fixed{};
  std::array<std::byte*, max_outputs> out{};
};

/// Computes the elements [begin, begin + n) of contiguous arrays.
void run_piece(const MapFunction& function, MapRow row, Pointers pointers, std::int64_t begin, std::int64_t n,
               std::size_t bytes) {
  const auto offset = static_cast<std::size_t>(begin) * bytes;
  for (std::size_t i = 0; i < max_inputs; ++i) {
    if (pointers.in[i] != nullptr && !pointers.fixed[i]) pointers.in[i] += offset;
  }
  for (auto& out : pointers.out) {
    if (out != nullptr) out += offset;
  }
  row(function.f, n, pointers.in.data(), pointers.fixed.data(), pointers.out.data());
}

/// For inputs that broadcast: goes through rows of the innermost axis, along which each input advances or is fixed.
template <std::size_t max_operands>
void run_rows(const MapFunction& function, MapRow row, const Pointers& pointers, const Shape& shape,
              const Reads& inputs, std::size_t bytes) {
  std::array<Shape, max_operands> strides;
  for (std::size_t i = 0; i < max_operands; ++i) {
    strides[i] = kernels::broadcast_strides(i < inputs.size() ? inputs[i].shape() : Shape{}, shape);
  }
  const auto it = kernels::make_iteration<max_operands>(shape, strides);
  const auto at_row = [&](std::int64_t r, const std::array<std::int64_t, max_operands>& offset) {
    Pointers p = pointers;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      p.in[i] += offset[i] * static_cast<std::int64_t>(bytes);
      p.fixed[i] = it.inner_stride[i] == 0;
    }
    for (auto& out : p.out) {
      if (out != nullptr) out += r * it.inner * static_cast<std::int64_t>(bytes);
    }
    return p;
  };
  if (it.rows == 1) {
    const Pointers p = at_row(0, {});
    kernels::parallel_for(it.inner, kernels::elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
      run_piece(function, row, p, begin, end - begin, bytes);
    });
    return;
  }
  const std::int64_t grain = std::max<std::int64_t>(1, kernels::elementwise_grain / it.inner);
  kernels::parallel_rows(it.rows, grain, [&](std::int64_t begin, std::int64_t end) {
    it.for_rows(begin, end, [&](std::int64_t r, const auto& offset) {
      const Pointers p = at_row(r, offset);
      row(function.f, it.inner, p.in.data(), p.fixed.data(), p.out.data());
    });
  });
}

/// The number of a level's inputs (see MapLevel).
int inputs_of(int level, int arguments) {
  int inputs = arguments, outputs = 1;
  for (int i = 0; i < level; ++i) outputs = std::exchange(inputs, inputs + outputs);
  return inputs;
}

/// All outputs of a level, from inputs of one shape.
Tensors run_level(const TracedFunction& function, int level, std::span<const Tensor> inputs) {
  if (level == 0) {
    const Tensor y = strong(function.run(function.f, inputs), inputs[0].dtype());
    Tensors outputs;
    outputs.push_back(y.shape() == inputs[0].shape() ? y : broadcast_to(y, inputs[0].shape()));
    return outputs;
  }
  const auto below = static_cast<std::size_t>(inputs_of(level - 1, function.arguments));
  // Each input gets its own identity, since one tensor may be given twice.
  std::vector<Tensor> x;
  for (const Tensor& t : inputs.first(below)) {
    x.push_back(record_elementwise("map", {t}, make_alias(t), [](const Tensor& dy) { return Grads{dy}; }));
  }
  GradientTape tape;
  tape.watch(std::span<const Tensor>(x));
  const Tensors y = run_level(function, level - 1, x);
  std::vector<Tensor> targets, gradients;
  for (std::size_t j = 0; j < y.size(); ++j) {
    if (!y[j].defined()) continue;
    targets.push_back(y[j]);
    gradients.push_back(inputs[below + j]);
  }
  return tape.gradient(targets, x, {.output_gradients = gradients});
}

}  // namespace

void convert_map_inputs(std::span<Tensor> inputs) {
  const Tensor* leader = nullptr;
  for (const Tensor& t : inputs) {
    if (t.impl() == nullptr) fail<ValueError>("map", "expected tensors, received an empty one");
    if (t.impl()->weak) continue;
    if (!is_floating(t.dtype())) fail_domain("map", Domain::floating, t.dtype());
    if (leader != nullptr && leader->dtype() != t.dtype()) {
      fail<TypeError>("map", "dtypes differ: {} and {}, cast one of them", leader->dtype(), t.dtype());
    }
    if (leader == nullptr) leader = &t;
  }
  const DType dtype = leader != nullptr ? leader->dtype() : float32;
  for (Tensor& t : inputs) t = strong(t, dtype);
}

namespace {

/// Runs the loop on whole tensors; all outputs have the shape to which the inputs broadcast.
void run_loop(const MapFunction& function, const Reads& inputs, const Writes& outputs, const Shape& shape) {
  const std::int64_t n = shape.numel();
  if (n == 0) return;
  Pointers pointers;
  bool flat = true;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Read x = inputs[i];
    pointers.in[i] = x.bytes();
    pointers.fixed[i] = x.size() == 1;
    flat = flat && (pointers.fixed[i] || x.shape() == shape);
  }
  for (std::size_t j = 0; j < outputs.size(); ++j) pointers.out[j] = outputs[j].bytes();
  const DType dtype = inputs[0].dtype();
  const MapRow row = dtype == float64 ? function.double_row : function.float_row;
  if (flat) {
    kernels::parallel_for(n, kernels::elementwise_grain, [&](std::int64_t begin, std::int64_t end) {
      run_piece(function, row, pointers, begin, end - begin, itemsize(dtype));
    });
  } else {
    const auto run = inputs.size() <= 5 ? run_rows<5> : run_rows<max_inputs>;
    run(function, row, pointers, shape, inputs, itemsize(dtype));
  }
}

}  // namespace

Tensors run_map(const MapFunction& function, std::span<const Tensor> inputs, std::span<const bool> wanted) {
  Shape shape = inputs[0].shape();
  for (const Tensor& t : inputs) {
    if (t.shape() != shape) shape = broadcast_shape("map", shape, t.shape());
  }
  Tensors outputs;
  outputs.reserve(wanted.size());
  for (const bool wants : wanted) {
    if (wants) outputs.push_back(make_tensor(shape, inputs[0].dtype()));
  }
  const Tensor unwanted;
  std::array<const Tensor*, max_inputs + max_outputs> operands;
  std::size_t count = 0, next = 0;
  for (const Tensor& t : inputs) operands[count++] = &t;
  for (const bool wants : wanted) operands[count++] = wants ? &outputs[next++] : &unwanted;
  // A replay needs its own copy of the function.
  const std::shared_ptr<const void> kept = thread_state.tracer == nullptr ? nullptr : function.copy(function.f);
  launch_list(
      [function, kept, shape](const Reads& from, const Writes& to) {
        MapFunction f = function;
        if (kept != nullptr) f.f = kept.get();
        run_loop(f, from, to, shape);
      },
      std::span<const Tensor* const>(operands.data(), count), wanted.size());
  return outputs;
}

bool map_is_noted() noexcept { return thread_state.tracer != nullptr && thread_state.tracer->notes != nullptr; }

Tensors map_by_ops(const TracedFunction& function, int level, std::span<const Tensor> inputs,
                   std::span<const bool> wanted) {
  // The levels are functions of single elements: inputs are broadcast before, and their gradients summed after.
  Shape shape = inputs[0].shape();
  for (const Tensor& t : inputs) shape = broadcast_shape("map", shape, t.shape());
  std::vector<Tensor> full;
  for (const Tensor& t : inputs) full.push_back(t.shape() == shape ? t : broadcast_to(t, shape));
  Tensors outputs = run_level(function, level, full);
  std::size_t kept = 0;
  for (std::size_t j = 0; j < wanted.size(); ++j) {
    if (wanted[j]) outputs[kept++] = outputs[j];
  }
  outputs.resize(kept);
  return outputs;
}

}  // namespace xtape::detail
