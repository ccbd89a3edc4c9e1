#include "onnx/import_ops.hpp"

#include <algorithm>
#include <unordered_map>

#include "core/trace.hpp"
#include "core/undo.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::detail {

const OnnxAttribute* OnnxImportCall::attribute(std::string_view name) const {
  for (const auto& each : node.attributes) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

namespace {

/// The elements, without a notice to a tracer if they are the same for all inputs of one shape.
template <class T>
std::vector<T> elements(const Tensor& t, bool known) {
  const NoRecording off;
  const auto read = [&] { return cast(t, dtype_of<T>).template to_vector<T>(); };
  if (!known) return read();
  const Untraced hidden;
  return read();
}

}  // namespace

Integers OnnxImportCall::integers(std::size_t input) const {
  const Tensor& t = inputs[input];
  if (is_floating(t.dtype())) refuse("expected integers as input {}, received {}", input, name(t.dtype()));
  return elements<std::int64_t>(t, has_bit(known, input));
}

std::int64_t OnnxImportCall::one_integer(std::size_t input) const {
  if (inputs[input].size() != 1) {
    refuse("expected one number as input {}, received the shape {}", input, inputs[input].shape().str());
  }
  return integers(input).front();
}

std::vector<double> OnnxImportCall::numbers(std::size_t input) const {
  return elements<double>(inputs[input], has_bit(known, input));
}

double OnnxImportCall::one_number(std::size_t input) const {
  if (inputs[input].size() != 1) {
    refuse("expected one number as input {}, received the shape {}", input, inputs[input].shape().str());
  }
  return numbers(input).front();
}

std::optional<Integers> OnnxImportCall::integers_of(std::size_t input, std::string_view name) const {
  if (has(input)) return integers(input);
  if (has_attribute(name)) return get(name, Integers());
  return std::nullopt;
}

void OnnxImportCall::expect_moderate(std::int64_t elements) const {
  constexpr std::int64_t most = std::int64_t{1} << 26;
  if (Trial::current() != nullptr && elements > most) {
    refuse("expected a result of at most {} elements, received {}", most, elements);
  }
}

void OnnxImportCall::expect_moderate(const Shape& shape) const {
  std::int64_t elements = 1;
  for (const std::int64_t size : shape) elements = checked_product(method, elements, std::max<std::int64_t>(size, 0));
  expect_moderate(elements);
}

bool OnnxArranged::observed() noexcept {
  return thread_state.innermost_tape != nullptr || thread_state.tracer != nullptr;
}

Tensor OnnxArranged::find(const Tensor& weight) const {
  const std::lock_guard lock(mutex_);
  return weight_.defined() && weight_.is_same(weight) ? made_ : Tensor();
}

void OnnxArranged::keep(Tensor weight, Tensor made) {
  const std::lock_guard lock(mutex_);
  weight_ = std::move(weight);
  made_ = std::move(made);
}

const OnnxImportOp* find_imported_op(std::string_view domain, std::string_view op) {
  static const auto all = [] {
    std::unordered_map<std::string_view, const OnnxImportOp*> table;
    for (const auto& family :
         {imported_elementwise_ops(), imported_constant_ops(), imported_movement_ops(), imported_indexing_ops(),
          imported_reduction_ops(), imported_convolution_ops(), imported_pooling_ops(), imported_resize_ops(),
          imported_normalization_ops(), imported_product_ops(), imported_recurrent_ops()}) {
      for (const auto& each : family) table.emplace(each.op, &each);
    }
    return table;
  }();
  // These ops of ONNX Runtime are those that later became ONNX's.
  if (domain == "com.microsoft" && op != "Gelu" && op != "LayerNormalization") return nullptr;
  if (!domain.empty() && domain != "com.microsoft") return nullptr;
  const auto found = all.find(op);
  return found == all.end() ? nullptr : found->second;
}

std::vector<int> channels_last_permutation(int rank) {
  std::vector<int> order{0};
  for (int axis = 2; axis < rank; ++axis) order.push_back(axis);
  order.push_back(1);
  return order;
}

std::vector<int> channels_first_permutation(int rank) {
  std::vector<int> order{0, rank - 1};
  for (int axis = 1; axis < rank - 1; ++axis) order.push_back(axis);
  return order;
}

Tensor to_channels_last(const Tensor& x) {
  return x.rank() < 3 ? x : transpose(x, channels_last_permutation(x.rank()));
}

Tensor to_channels_first(const Tensor& x) {
  return x.rank() < 3 ? x : transpose(x, channels_first_permutation(x.rank()));
}

void expect_rank(const OnnxImportCall& call, const Tensor& x, int least, int most) {
  if (x.rank() >= least && x.rank() <= most) return;
  if (least == most) call.refuse("expected a tensor of {} axes, received the shape {}", least, x.shape().str());
  call.refuse("expected a tensor of {} to {} axes, received the shape {}", least, most, x.shape().str());
}

}  // namespace xtape::detail
