#include "xtape/function/function.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

#include "core/check.hpp"
#include "core/warn.hpp"
#include "function/program.hpp"
#include "function/trace_builder.hpp"
#include "xtape/tape/record.hpp"

namespace xtape::detail {
namespace {

/// First calls that make variables, after which there is no hope.
constexpr int most_first_calls = 8;
/// Signatures of which each is announced.
constexpr std::size_t most_announced = 8;

struct ArgumentType {
  DType dtype;
  Shape shape;
};

/// What is kept for one signature.
struct Concrete {
  std::string key;
  std::vector<ArgumentType> types;
  std::unique_ptr<Program> program;
  std::any like;
  bool replayable = true;
};

bool fits(const Concrete& concrete, const FunctionArguments& arguments) {
  const auto& tensors = arguments.tensors_;
  if (concrete.types.size() != tensors.size() || concrete.key != arguments.key_) return false;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const TensorImpl* impl = tensors[i]->impl();
    if (concrete.types[i].dtype != impl->dtype || concrete.types[i].shape != impl->shape) return false;
  }
  return true;
}

std::string signature_of(const std::vector<ArgumentType>& types) {
  std::string text;
  for (const auto& type : types) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", type.dtype, type.shape);
  return "(" + text + ")";
}

}  // namespace

class FunctionImpl {
 public:
  explicit FunctionImpl(FunctionOptions options) : name_(std::move(options.name)) {}

  std::string name_;
  std::vector<std::unique_ptr<Concrete>> concretes_;
  Concrete* latest_ = nullptr;  ///< of the latest call
  std::unique_ptr<TraceBuilder> builder_;
  std::atomic<bool> busy_{false};
  std::int64_t traces_ = 0;
  int first_calls_ = 0;
  std::string obstacle_;

  Concrete* find(const FunctionArguments& arguments) {
    if (latest_ != nullptr && fits(*latest_, arguments)) return latest_;
    for (const auto& concrete : concretes_) {
      if (fits(*concrete, arguments)) return latest_ = concrete.get();
    }
    return nullptr;
  }

  Concrete& add(const FunctionArguments& arguments) {
    auto concrete = std::make_unique<Concrete>();
    concrete->key = arguments.key_;
    for (const Tensor* t : arguments.tensors_) concrete->types.push_back({t->dtype(), t->shape()});
    concretes_.push_back(std::move(concrete));
    if (concretes_.size() > 1 && concretes_.size() <= most_announced) {
      warn(fmt::format("[function] '{}' is traced again, for arguments {}: {} signatures by now{}", name_,
                       signature_of(concretes_.back()->types), concretes_.size(),
                       concretes_.size() == most_announced ? "; further ones are not announced" : ""));
    }
    return *(latest_ = concretes_.back().get());
  }

  void stay_eager(Concrete& concrete, std::string why) {
    concrete.replayable = false;
    if (obstacle_.empty()) {
      warn(fmt::format("[function] '{}' is not replayed but runs in every call: {}", name_, why));
      obstacle_ = std::move(why);
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
  // Inside of a trace, or seen by a tape, the function is its body.
  if (tracer != nullptr || is_recording()) return;
  for (const Tensor* t : arguments.tensors_) {
    if (!t->defined()) return;
    const TensorImpl* impl = t->impl();
    if (impl->weak || impl->sparse || impl->origin != nullptr) return;
  }
  if (function.busy_.exchange(true, std::memory_order_acquire)) return;
  busy_ = true;
  Concrete* concrete = function.find(arguments);
  if (concrete == nullptr) concrete = &function.add(arguments);
  if (!concrete->replayable) return;
  if (concrete->program != nullptr) {
    results_ = concrete->program->run(arguments.tensors_);
    replayed_ = true;
    return;
  }
  for (const Tensor* t : arguments.tensors_) arguments_.push_back(make_alias(*t));
  function.builder_ = std::make_unique<TraceBuilder>(arguments_);
  ++function.traces_;
  function.builder_->start();
  traces_ = true;
}

FunctionCall::~FunctionCall() { end(); }

void FunctionCall::end() noexcept {
  if (traces_) function_.builder_.reset();  // f has thrown, if finish() has not been called
  if (busy_) function_.busy_.store(false, std::memory_order_release);
}

void FunctionCall::finish(const Tensors& results, std::any like) {
  TraceBuilder& builder = *function_.builder_;
  Concrete& concrete = *function_.latest_;
  builder.stop();
  if (builder.made_variables()) {
    if (++function_.first_calls_ > most_first_calls) {
      function_.stay_eager(concrete, "every call makes variables: make them once, outside of the function");
    }
    return;
  }
  Trace trace = builder.finish(results);
  if (!builder.obstacle().empty()) {
    function_.stay_eager(concrete, builder.obstacle());
    return;
  }
  concrete.program = std::make_unique<Program>(std::move(trace));
  concrete.like = std::move(like);
}

const std::any& FunctionCall::like() const noexcept { return function_.latest_->like; }

std::shared_ptr<FunctionImpl> make_function(FunctionOptions options) {
  return std::make_shared<FunctionImpl>(std::move(options));
}
std::int64_t trace_count(const FunctionImpl& function) noexcept { return function.traces_; }
const std::string& obstacle(const FunctionImpl& function) noexcept { return function.obstacle_; }

std::string describe(const FunctionImpl& function) {
  std::string text;
  for (const auto& concrete : function.concretes_) {
    text += fmt::format("{}{}: ", function.name_, signature_of(concrete->types));
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
