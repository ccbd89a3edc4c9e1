#include "onnx/traced_call.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/shapes_only.hpp"
#include "core/undo.hpp"
#include "layers/called_layer.hpp"
#include "models/own_call.hpp"
#include "onnx/op_mappings.hpp"
#include "onnx/open_sizes.hpp"
#include "tape/variable_hooks.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/models/model.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/tape/mask.hpp"
#include "xtape/tape/no_recording.hpp"

namespace xtape::detail {

bool has_onnx_mapping(Layer& handle) {
  Layer& layer = LayerState::object(handle);
  if (const OpDescription* op = op_description(layer)) return find_onnx_op(op->op) != nullptr;
  if (const auto* model = dynamic_cast<const Model*>(&layer)) return !has_own_call(*model);
  // A user's class may have the name of one of the library.
  if (config_of_class(typeid(layer), {}).module().empty() || find_onnx_layer(layer.class_name()) == nullptr)
    return false;
  const Config config = layer.config();
  return std::none_of(config.entries().begin(), config.entries().end(), [](const Config::Entry& entry) {
    return entry.first.ends_with("activation") && entry.second.is_custom();  // a C++ function
  });
}

namespace {

using Impl = const TensorImpl*;

/// One run of the function.
struct Run {
  CallNotes notes;
  TensorList inputs, outputs;
};

std::unique_ptr<Run> run(const OnnxValues& inputs, const OpenSizes& sizes, int number,
                         const std::function<TensorList(const TensorList&)>& function) {
  auto made = std::make_unique<Run>();
  const NoRecording off;
  const Trial trial;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const ShapesOnly quiet;
    Tensor input = make_tensor(sizes.tried(i, number), inputs[i].dtype, "Input");
    if (inputs[i].mask != nullptr) {
      Shape shape = inputs[i].mask->shape;
      for (int axis = 0; axis < shape.rank(); ++axis) {
        if (shape[axis] != 1) shape[axis] = input.shape()[axis];
      }
      input = masked(std::move(input), make_tensor(shape, boolean, "Input"));
    }
    made->inputs.push_back(std::move(input));
  }
  const ShapesOnly shapes(&made->notes);
  // Variables tell the tracer that they are read.
  const ThreadStateScope<&ThreadState::untaped_variable_hooks> hooks(nullptr);
  update_variable_hooks();
  made->outputs = function(made->inputs);
  return made;
}

/// A call that has to be mapped, with the calls inside it if it has no mapping of its own.
struct Needed {
  const CallNote* note;
  bool whole;
  std::vector<std::size_t> wanted;  ///< which of its results
  std::vector<Needed> inner;
};

const CalledLayer& layer_of(const CallNote& note) { return static_cast<const CalledLayer&>(*note.called); }

bool maps_whole(const CallNote& note) {
  if (note.op != nullptr) return find_onnx_op(note.op) != nullptr;
  return layer_of(note).options.training != true && has_onnx_mapping(*layer_of(note).layer);
}

/// The calls on whose results the wanted tensors depend; adds the tensors on which these calls depend.
std::vector<Needed> needed_of(const std::vector<CallNote>& notes, std::unordered_set<Impl>& wanted) {
  std::vector<Needed> all;
  for (auto note = notes.rbegin(); note != notes.rend(); ++note) {
    const auto wants = [&](const Tensor& t) {
      if (!t.defined()) return false;
      const bool given = std::any_of(note->operands.begin(), note->operands.end(),
                                     [&](const Tensor& operand) { return operand.impl() == t.impl(); });
      const bool mask = has_mask(t) && note->op == nullptr && wanted.contains(get_mask(t).impl());
      return mask || (wanted.contains(t.impl()) && !given);
    };
    Needed needed{&*note, false, {}, {}};
    for (std::size_t i = 0; i < note->results.size(); ++i) {
      if (wants(note->results[i])) needed.wanted.push_back(i);
    }
    if (needed.wanted.empty()) continue;
    needed.whole = maps_whole(*note);
    if (needed.whole) {
      for (const Tensor& operand : note->operands) {
        if (!operand.defined()) continue;
        wanted.insert(operand.impl());
        if (has_mask(operand)) wanted.insert(get_mask(operand).impl());
      }
    } else {
      needed.inner = needed_of(note->inner, wanted);
    }
    all.push_back(std::move(needed));
  }
  std::reverse(all.begin(), all.end());
  return all;
}

/// Makes nodes of two runs, or of one and the same.
class TraceMapper {
 public:
  TraceMapper(OnnxBuilder& builder, const OnnxValues& inputs, const OpenSizes& sizes, const Run& a, const Run& b,
              const Layer* whole)
      : g_(builder), sizes_(sizes), a_(a), b_(b), whole_(whole) {
    for (const Variable& variable : a.notes.variables()) variables_.emplace(variable.peek().impl(), variable);
    for (std::size_t i = 0; i < inputs.size(); ++i) bind(a.inputs[i], b.inputs[i], inputs[i]);
  }

  OnnxValues map() {
    std::unordered_set<Impl> wanted_a, wanted_b;
    for (const Tensor& output : a_.outputs) want(wanted_a, output);
    for (const Tensor& output : b_.outputs) want(wanted_b, output);
    const auto needed = needed_of(a_.notes.all(), wanted_a);
    map_all(needed, &a_ == &b_ ? needed : needed_of(b_.notes.all(), wanted_b));
    OnnxValues outputs;
    if (a_.outputs.size() != b_.outputs.size()) fail_differing();
    for (std::size_t i = 0; i < a_.outputs.size(); ++i) {
      outputs.push_back(value(a_.outputs[i], b_.outputs[i]));
      complete_sizes(outputs.back(), a_.outputs[i], b_.outputs[i]);
    }
    return outputs;
  }

 private:
  static void want(std::unordered_set<Impl>& wanted, const Tensor& t) {
    if (!t.defined()) return;
    wanted.insert(t.impl());
    if (has_mask(t)) wanted.insert(get_mask(t).impl());
  }

  template <class... Args>
  [[noreturn]] void refuse(fmt::format_string<Args...> text, Args&&... args) const {
    fail<ValueError>(OnnxBuilder::method, "{}: {}", Whole{where()},
                     Whole{fmt::format(text, std::forward<Args>(args)...)});
  }
  /// "the op 'add' in layer 'net/block' (Block)"
  std::string where() const {
    std::string text;
    for (auto op = ops_.rbegin(); op != ops_.rend(); ++op) {
      text += fmt::format("{}'{}'", text.empty() ? "the op " : " of ", *op);
    }
    const Layer* layer = layers_.empty() ? whole_ : layers_.back();
    if (!text.empty() && layer != nullptr && op_description(*layer) != nullptr) return text;  // the op's own node
    const std::string place = layer == nullptr ? std::string("the function") : named(*layer);
    return text.empty() ? place : text + " in " + place;
  }
  static std::string named(const Layer& layer) {
    return fmt::format("layer '{}' ({})", LayerState::of(layer).shown_path(), layer.class_name());
  }
  [[noreturn]] void fail_differing() const {
    refuse(
        "the ops that it calls depend on a size that the inputs leave open, such as the length of a loop: give the "
        "inputs known sizes (ExportOnnxOptions::inputs and batch_size)");
  }

  void bind(const Tensor& a, const Tensor& b, const OnnxValue& value) {
    values_.insert_or_assign(a.impl(), value);
    partners_.insert_or_assign(a.impl(), b.impl());
    if (value.mask != nullptr && has_mask(a) && has_mask(b)) bind(get_mask(a), get_mask(b), *value.mask);
  }

  Shape common(const Tensor& a, const Tensor& b) const {
    if (a.rank() != b.rank()) fail_differing();
    Shape shape = a.shape();
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] != b.shape()[axis]) shape[axis] = -1;
    }
    return shape;
  }

  void complete_sizes(OnnxValue& value, const Tensor& a, const Tensor& b) const {
    value.size_names.assign(static_cast<std::size_t>(a.rank()), "");
    for (int axis = 0; axis < a.rank(); ++axis) {
      const std::int64_t first = a.shape()[axis], second = b.shape()[axis];
      if (first != second) value.size_names[static_cast<std::size_t>(axis)] = sizes_.name(first, second);
    }
  }

  /// A constant that differs between the runs: elements of one value in a shape that depends on open sizes, such a size
  /// as a number, or equidistant numbers, as many as such a size.
  OnnxValue varying_constant(const Tensor& a, const Tensor& b) {
    const auto x = xtape::cast(a, float64).to_vector<double>(), y = xtape::cast(b, float64).to_vector<double>();
    const auto all_are = [](const std::vector<double>& numbers, double number) {
      return std::all_of(numbers.begin(), numbers.end(), [&](double each) { return each == number; });
    };
    const auto size_of = [&](std::int64_t first, std::int64_t second) -> OnnxSize {
      if (first == second) return first;
      const auto found = sizes_.find(first, second);
      if (!found) refuse("a constant of shape {} depends on a size that the inputs leave open", a.shape().str());
      return *found;
    };
    const auto as_number = [&](const OnnxSize& size) { return g_.squeeze(g_.sizes({size}), {0}); };
    if (a.rank() == b.rank() && a.size() > 0 && b.size() > 0) {
      if (all_are(x, x[0]) && all_are(y, x[0])) {
        OnnxSizes shape;
        for (int axis = 0; axis < a.rank(); ++axis) shape.push_back(size_of(a.shape()[axis], b.shape()[axis]));
        return g_.broadcast_to(g_.scalar(x[0], a.dtype()), shape);
      }
      if (a.rank() == 0) {  // a size as a number
        const auto found = sizes_.find(static_cast<std::int64_t>(x[0]), static_cast<std::int64_t>(y[0]));
        if (found && x[0] == std::floor(x[0])) return g_.cast(as_number(*found), a.dtype());
      }
      if (a.rank() == 1 && a.size() > 1 && b.size() > 1) {  // arange(size)
        const double begin = x[0], step = x[1] - x[0];
        const auto runs = [&](const std::vector<double>& numbers) {
          for (std::size_t i = 0; i < numbers.size(); ++i) {
            if (numbers[i] != begin + step * static_cast<double>(i)) return false;
          }
          return true;
        };
        if (runs(x) && runs(y)) {
          const OnnxValue size = as_number(size_of(a.size(), b.size()));
          const OnnxValue places = g_.node("Range", {g_.scalar(0, int64), size, g_.scalar(1, int64)}, {}, {-1}, int64);
          OnnxValue steps = g_.cast(places, a.dtype());
          if (step != 1) steps = g_.with_scalar("Mul", steps, step);
          return begin == 0 ? steps : g_.with_scalar("Add", steps, begin);
        }
      }
    }
    refuse("a constant of shape {} depends on a size that the inputs leave open", a.shape().str());
  }

  /// An operand of a call.
  struct Operand {
    std::optional<OnnxValue> value;  ///< set: a value of the graph
    OpDescription::Operand known;    ///< otherwise
  };
  Operand operand(const Tensor& a, const Tensor& b) {
    if (a.defined() != b.defined()) fail_differing();
    if (!a.defined()) return {};
    if (const auto found = values_.find(a.impl()); found != values_.end()) {
      if (partners_.at(a.impl()) != b.impl()) fail_differing();
      return {found->second, {}};
    }
    if (const auto found = variables_.find(a.impl()); found != variables_.end()) {
      if (a.impl() != b.impl()) fail_differing();
      return {{}, {false, found->second, {}}};
    }
    if (!has_elements(a) || !has_elements(b)) {
      refuse(
          "a tensor of shape {} is neither made by ops of the inputs nor constant: ONNX has no random numbers, and no "
          "C++ code that computes elements",
          a.shape().str());
    }
    if (same_elements(a, b)) return {{}, {false, Variable(), a}};
    return {varying_constant(a, b), {}};
  }
  static bool same_elements(const Tensor& a, const Tensor& b) {
    if (a.impl() == b.impl()) return true;
    if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
    const auto x = xtape::cast(a, float64).to_vector<double>(), y = xtape::cast(b, float64).to_vector<double>();
    return std::equal(x.begin(), x.end(), y.begin(),
                      [](double p, double q) { return p == q || (p != p && q != q); });  // NaN is itself here
  }

  OnnxValue value(const Tensor& a, const Tensor& b) {
    const Operand found = operand(a, b);
    if (found.value) return *found.value;
    if (found.known.variable.defined()) return g_.weight(found.known.variable.name(), found.known.variable.peek());
    if (!found.known.known.defined()) return {};
    Tensor known = found.known.known;
    if (known.impl()->weak) known = xtape::cast(known, is_floating(known.dtype()) ? float32 : known.dtype());
    return g_.constant(known);
  }

  void map_all(const std::vector<Needed>& a, const std::vector<Needed>& b) {
    if (a.size() != b.size()) fail_differing();
    for (std::size_t i = 0; i < a.size(); ++i) {
      const CallNote &x = *a[i].note, &y = *b[i].note;
      const bool same =
          (x.op == nullptr) == (y.op == nullptr) &&
          (x.op != nullptr ? std::string_view(x.op) == y.op : layer_of(x).layer.same_as(layer_of(y).layer)) &&
          x.operands.size() == y.operands.size() && x.results.size() == y.results.size();
      if (!same) fail_differing();
      if (is_constant(a[i], b[i])) continue;
      if (x.op != nullptr) {
        op_call(a[i], b[i]);
      } else {
        layer_call(a[i], b[i]);
      }
    }
  }

  /// Whether the results of a call depend on constants alone, and not on open sizes.
  static bool is_constant(const Needed& a, const Needed& b) {
    return std::all_of(a.wanted.begin(), a.wanted.end(), [&](std::size_t i) {
      const Tensor &x = a.note->results[i], &y = b.note->results[i];
      return has_elements(x) && y.defined() && has_elements(y) && same_elements(x, y);
    });
  }

  void bind_results(const CallNote& x, const CallNote& y, OnnxValues results) {
    if (results.size() != x.results.size()) {
      fail<RuntimeError>(OnnxBuilder::method, "{} has {} results, its nodes {}: please report it", Whole{where()},
                         x.results.size(), results.size());
    }
    for (std::size_t i = 0; i < results.size(); ++i) {
      const Tensor &a = x.results[i], &b = y.results[i];
      if (!a.defined()) continue;
      OnnxValue result = g_.cast(results[i], a.dtype());
      complete(result, common(a, b));
      bind(a, b, result);
    }
  }

  std::vector<Shape> shapes_of(const CallNote& x, const CallNote& y) const {
    std::vector<Shape> shapes;
    for (std::size_t i = 0; i < x.results.size(); ++i) {
      if (x.results[i].defined()) shapes.push_back(common(x.results[i], y.results[i]));
    }
    return shapes;
  }

  void op_call(const Needed& a, const Needed& b) {
    const CallNote &x = *a.note, &y = *b.note;
    ops_.push_back(x.op);
    if (a.whole) {
      OpDescription op{x.op, {}, x.attributes};
      OnnxValues values;
      for (std::size_t i = 0; i < x.operands.size(); ++i) {
        Operand found = operand(x.operands[i], y.operands[i]);
        op.operands.push_back(std::move(found.known));
        op.operands.back().symbolic = found.value.has_value();
        if (found.value) values.push_back(*std::move(found.value));
      }
      OnnxOpCall call{op, where(), shapes_of(x, y), {}, {}};
      if (&x != &y) {
        call.varying = {&y.attributes, {}, &sizes_};
        if (!x.operands.empty() && x.operands[0].defined()) {
          call.varying.first_operand = {x.operands[0].shape(), y.operands[0].shape()};
        }
      }
      bind_results(x, y, map_op(g_, call, values));
    } else {
      map_all(a.inner, b.inner);
      if (!all_made(a)) {
        refuse(
            "ONNX has no node for it, or xtape does not know it: compute the same by other ops, or leave this part out "
            "of the exported model");
      }
    }
    ops_.pop_back();
  }
  /// Whether the calls inside a call have made its results.
  bool all_made(const Needed& call) const {
    return std::all_of(call.wanted.begin(), call.wanted.end(),
                       [&](std::size_t i) { return values_.contains(call.note->results[i].impl()); });
  }

  void layer_call(const Needed& a, const Needed& b) {
    const CallNote &x = *a.note, &y = *b.note;
    Layer& layer = LayerState::object(*layer_of(x).layer);
    if (a.whole) {
      OnnxValues inputs;
      for (std::size_t i = 0; i < x.operands.size(); ++i) inputs.push_back(value(x.operands[i], y.operands[i]));
      bind_results(x, y, map_layer(g_, layer, inputs, shapes_of(x, y)));
      return;
    }
    std::vector<const char*> outer;
    std::swap(outer, ops_);
    const bool top = whole_ != nullptr && &LayerState::of(*whole_) == &LayerState::of(layer);
    layers_.push_back(&layer);
    {
      std::optional<OnnxBuilder::Scope> scope;
      if (!top) scope.emplace(g_, layer.name());
      map_all(a.inner, b.inner);
    }
    if (!all_made(a)) refuse("its result is not made by ops of its inputs");
    layers_.pop_back();
    std::swap(outer, ops_);
  }

  OnnxBuilder& g_;
  const OpenSizes& sizes_;
  const Run &a_, &b_;
  const Layer* whole_;
  std::unordered_map<Impl, OnnxValue> values_;
  std::unordered_map<Impl, Impl> partners_;  ///< of the tensors of the first run, in the second
  std::unordered_map<Impl, Variable> variables_;
  std::vector<const Layer*> layers_;  ///< that are being called
  std::vector<const char*> ops_;      ///< inside the innermost of them
};

}  // namespace

OnnxValues map_traced(OnnxBuilder& g, const OnnxValues& inputs,
                      const std::function<TensorList(const TensorList&)>& function, const Layer* whole) {
  using Choice = OpenSizes::Choice;
  std::unique_ptr<Run> a, b;
  std::optional<OpenSizes> sizes;
  const auto run_both = [&](Choice choice) {
    sizes.emplace(inputs, choice);
    a = run(inputs, *sizes, 0, function);
    if (sizes->any()) b = run(inputs, *sizes, 1, function);
  };
  const auto run_with_others = [&] {
    const int lengths = sizes->lengths();
    for (const Choice choice : {Choice{true, false}, Choice{false, true}, Choice{false, false}}) {
      if (lengths == 0 || (choice.large && lengths == 1)) continue;
      try {
        run_both(choice);
        return true;
      } catch (const Error&) {  // the first one is reported
      }
    }
    return false;
  };
  try {
    run_both({.large = true, .apart = true});
  } catch (const LooksAtElements& error) {
    fail<ValueError>(OnnxBuilder::method,
                     "what is computed depends on elements of tensors in C++, which ONNX has no node for: {}",
                     Whole{error.what()});
  } catch (const Error&) {
    if (!run_with_others()) throw;
  }
  TraceMapper mapper(g, inputs, *sizes, *a, b != nullptr ? *b : *a, whole);
  return mapper.map();
}

}  // namespace xtape::detail
