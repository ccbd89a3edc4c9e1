#include "xtape/function/function.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

#include "base/check.hpp"
#include "base/warn.hpp"
#include "function/program.hpp"
#include "function/trace_builder.hpp"
#include "xtape/core/provenance.hpp"
#include "xtape/tape/mask.hpp"
#include "xtape/tape/record.hpp"

namespace xtape::detail {
namespace {

/// After this many calls that made variables, the function gives up.
constexpr int max_first_calls = 8;
/// New signatures that are announced by a warning.
constexpr std::size_t max_announced = 8;

struct ArgumentType {
  DType dtype;
  Shape shape;
  bool masked;
  std::size_t first;  ///< the first argument that is the same tensor: f may ask for the gradient of either
};

/// For each argument the first one that is the same tensor.
class FirstOfSame {
 public:
  explicit FirstOfSame(std::span<const Tensor* const> tensors) : tensors_(tensors) {
    if (tensors.size() <= few) return;
    for (std::size_t i = 0; i < tensors.size(); ++i) sorted_.push_back(i);
    std::sort(sorted_.begin(), sorted_.end(), [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  }
  std::size_t operator[](std::size_t i) const {
    if (tensors_.size() > few) {
      const auto at = std::lower_bound(sorted_.begin(), sorted_.end(), i,
                                       [&](std::size_t a, std::size_t b) { return key(a).first < key(b).first; });
      return *at;
    }
    std::size_t first = 0;
    while (tensors_[first]->impl() != tensors_[i]->impl()) ++first;
    return first;
  }

 private:
  static constexpr std::size_t few = 16;
  std::pair<const TensorImpl*, std::size_t> key(std::size_t i) const { return {tensors_[i]->impl(), i}; }
  std::span<const Tensor* const> tensors_;
  PoolVector<std::size_t> sorted_;
};

/// The program of one signature and what belongs to it.
struct Concrete {
  std::string key;
  std::vector<ArgumentType> types;
  std::unique_ptr<Program> program;
  std::any like;
  std::vector<std::size_t> masked_results;  ///< the results with masks; the masks follow the results in this order
  bool replayable = true;
};

bool fits(const Concrete& concrete, const FunctionArguments& arguments) {
  const auto& tensors = arguments.tensors;
  if (concrete.types.size() != tensors.size() || concrete.key != arguments.key) return false;
  const FirstOfSame first(tensors);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const TensorImpl* impl = tensors[i]->impl();
    const ArgumentType& type = concrete.types[i];
    if (type.dtype != impl->dtype || type.shape != impl->shape || type.masked != has_mask(*impl)) return false;
    if (type.first != first[i]) return false;
  }
  return true;
}

/// Describes an argument that a replay cannot take; null for all others.
const char* unfit(const TensorImpl& argument) {
  if (argument.weak) return "a plain number, whose dtype depends on what it meets: give a tensor";
  if (is_sparse(argument)) return "a sparse gradient (IndexedSlices)";
  if (has_logits(argument)) return "the result of a softmax or sigmoid, whose logits the losses use: give the logits";
  return nullptr;
}

std::string signature_of(const std::vector<ArgumentType>& types) {
  std::string text;
  for (std::size_t i = 0; i < types.size(); ++i) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", types[i].dtype, types[i].shape);
    if (types[i].first != i) text += fmt::format(" (argument {} again)", types[i].first + 1);
  }
  return "(" + text + ")";
}

}  // namespace

struct FunctionImpl {
  explicit FunctionImpl(FunctionOptions options) : name(std::move(options.name)) {}

  std::string name;
  std::vector<std::unique_ptr<Concrete>> concretes;
  Concrete* latest = nullptr;  ///< that of the latest call
  std::unique_ptr<TraceBuilder> builder;
  std::atomic<bool> busy{false};
  std::int64_t traces = 0;
  int first_calls = 0;
  std::string obstacle;

  Concrete* find(const FunctionArguments& arguments) {
    if (latest != nullptr && fits(*latest, arguments)) return latest;
    for (const auto& concrete : concretes) {
      if (fits(*concrete, arguments)) return latest = concrete.get();
    }
    return nullptr;
  }

  Concrete& add(const FunctionArguments& arguments) {
    auto concrete = std::make_unique<Concrete>();
    concrete->key = arguments.key;
    const FirstOfSame first(arguments.tensors);
    for (std::size_t i = 0; i < arguments.tensors.size(); ++i) {
      const Tensor& t = *arguments.tensors[i];
      concrete->types.push_back({t.dtype(), t.shape(), has_mask(t), first[i]});
    }
    concretes.push_back(std::move(concrete));
    if (concretes.size() > 1 && concretes.size() <= max_announced) {
      warn(fmt::format("[function] '{}' is traced again, for arguments {}: {} signatures by now{}", name,
                       signature_of(concretes.back()->types), concretes.size(),
                       concretes.size() == max_announced ? "; further ones are not announced" : ""));
    }
    return *(latest = concretes.back().get());
  }

  void stay_eager(Concrete& concrete, std::string why) {
    concrete.replayable = false;
    state_obstacle(std::move(why));
  }

  /// This call runs f itself, because of an argument.
  void run_this_call(const char* kind) { state_obstacle(fmt::format("an argument is {}", kind)); }

 private:
  void state_obstacle(std::string why) {
    if (obstacle.empty()) {
      warn(fmt::format("[function] '{}' is not replayed but runs in every call: {}", name, why));
      obstacle = std::move(why);
    }
  }
};

FunctionCall::FunctionCall(FunctionImpl& function, const FunctionArguments& arguments) : function_(function) {
  try {
    begin(arguments);
  } catch (...) {
    end();
    throw;
  }
}

void FunctionCall::begin(const FunctionArguments& arguments) {
  FunctionImpl& function = function_;
  // Inside a trace, or while a tape records, f itself runs.
  if (thread_state.tracer != nullptr || is_recording()) return;
  for (const Tensor* t : arguments.tensors) {
    if (!t->defined()) return;
    const TensorImpl* impl = t->impl();
    if (const char* kind = unfit(*impl)) {
      function.run_this_call(kind);
      return;
    }
  }
  if (function.busy.exchange(true, std::memory_order_acquire)) return;
  busy_ = true;
  // Masks are additional arguments after the others.
  Tensors masks;
  for (const Tensor* t : arguments.tensors) {
    if (has_mask(*t)) masks.push_back(get_mask(*t));
  }
  FunctionArguments with_masks;
  if (!masks.empty()) {
    with_masks = arguments;
    for (const Tensor& mask : masks) with_masks.tensors.push_back(&mask);
  }
  const FunctionArguments& all = masks.empty() ? arguments : with_masks;
  Concrete* concrete = function.find(all);
  if (concrete == nullptr) concrete = &function.add(all);
  if (!concrete->replayable) return;
  if (concrete->program != nullptr) {
    results_ = concrete->program->run(all.tensors);
    const std::size_t results = results_.size() - concrete->masked_results.size();
    for (std::size_t i = 0; i < concrete->masked_results.size(); ++i) {
      Tensor& result = results_[concrete->masked_results[i]];
      result = masked(std::move(result), results_[results + i]);
    }
    results_.resize(results);
    replayed_ = true;
    return;
  }
  for (std::size_t i = 0; i < all.tensors.size(); ++i) {
    const std::size_t first = concrete->types[i].first;
    arguments_.push_back(first < i ? arguments_[first] : make_alias(*all.tensors[i]));
  }
  std::size_t next_mask = arguments.tensors.size();
  for (std::size_t i = 0; i < arguments.tensors.size(); ++i) {
    if (!has_mask(*arguments.tensors[i])) continue;
    arguments_[i] = masked(std::move(arguments_[i]), arguments_[next_mask++]);
  }
  function.builder = std::make_unique<TraceBuilder>(arguments_);
  ++function.traces;
  function.builder->start();
  traces_ = true;
}

FunctionCall::~FunctionCall() { end(); }

void FunctionCall::end() noexcept {
  if (traces_) function_.builder.reset();  // if finish() was not called, f has thrown
  if (busy_) function_.busy.store(false, std::memory_order_release);
}

void FunctionCall::finish(const Tensors& results, std::any like) {
  TraceBuilder& builder = *function_.builder;
  Concrete& concrete = *function_.latest;
  builder.stop();
  if (builder.made_variables()) {
    if (++function_.first_calls > max_first_calls) {
      function_.stay_eager(concrete, "every call makes variables: make them once, outside of the function");
    }
    return;
  }
  Tensors all = results;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!has_mask(results[i])) continue;
    concrete.masked_results.push_back(i);
    all.push_back(get_mask(results[i]));
  }
  Trace trace = builder.finish(all);
  if (!builder.obstacle().empty()) {
    function_.stay_eager(concrete, builder.obstacle());
    return;
  }
  concrete.program = std::make_unique<Program>(std::move(trace));
  concrete.like = std::move(like);
}

const std::any& FunctionCall::like() const noexcept { return function_.latest->like; }

std::shared_ptr<FunctionImpl> make_function(FunctionOptions options) {
  return std::make_shared<FunctionImpl>(std::move(options));
}
std::int64_t trace_count(const FunctionImpl& function) noexcept { return function.traces; }
const std::string& obstacle(const FunctionImpl& function) noexcept { return function.obstacle; }

std::string describe(const FunctionImpl& function) {
  std::string text;
  for (const auto& concrete : function.concretes) {
    text += fmt::format("{}{}: ", function.name, signature_of(concrete->types));
    if (concrete->program == nullptr) {
      text += "not replayed\n";
    } else {
      text += fmt::format("{} steps, {} of them fused, {} bytes\n", concrete->program->num_steps(),
                          concrete->program->num_fused(), concrete->program->arena_bytes());
    }
  }
  return text;
}

}  // namespace xtape::detail
