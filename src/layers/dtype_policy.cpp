#include "xtape/layers/dtype_policy.hpp"

#include <atomic>
#include <cstdint>

#include "base/check.hpp"
#include "base/warn.hpp"
#include "kernels/gemm_bf16.hpp"
#include "xtape/base/from_config.hpp"

namespace xtape {
namespace {

/// Both dtypes in one atomic number; the variables' dtype is in the upper byte.
std::atomic<std::uint16_t> global{0};

std::uint16_t packed(DTypePolicy policy) {
  return static_cast<std::uint16_t>(static_cast<unsigned>(policy.compute_dtype()) |
                                    static_cast<unsigned>(policy.variable_dtype()) << 8);
}
static_assert(float32 == DType{0});

constexpr const char* mixed = "mixed_bfloat16";

}  // namespace

DTypePolicy::DTypePolicy() : DTypePolicy(mixed_precision::dtype_policy()) {}

DTypePolicy::DTypePolicy(const std::string& name) : compute_(bfloat16), variable_(float32) {
  if (name == mixed) return;
  for (const DType dtype : detail::all_dtypes) {
    if (name == xtape::name(dtype)) {
      compute_ = variable_ = dtype;
      return;
    }
  }
  detail::fail<ValueError>(
      "DTypePolicy",
      "expected \"float32\", \"mixed_bfloat16\", \"bfloat16\", \"float64\" or another dtype, received \"{}\"{}", name,
      name.ends_with("float16") ? ": xtape has no float16" : "");
}

DTypePolicy DTypePolicy::from_config(const ConfigValue& value) {
  if (value.is_none()) return {};
  const auto* policy = value.get<Config>();
  const std::string name = detail::text_of(policy != nullptr ? (*policy)["name"] : value);
  if (name != "float16" && name != "mixed_float16") return name;
  static std::atomic<int> given{0};
  detail::warn_limited(given, 1, "from_config", "float32 takes the place of \"{}\": xtape has no float16", name);
  return float32;
}

std::string DTypePolicy::name() const { return compute_ == variable_ ? xtape::name(compute_) : mixed; }

namespace mixed_precision {

void set_dtype_policy(DTypePolicy policy) {
  static std::atomic<int> warned{0};
  if (policy.compute_dtype() == bfloat16 && !has_fast_bfloat16()) {
    detail::warn_limited(warned, 1, "mixed_precision",
                         "policy \"{}\": {}; products are computed in float32 and rounded, which is no faster than the "
                         "policy \"float32\"",
                         policy.name(), kernels::why_bf16_is_slow());
  }
  global.store(packed(policy), std::memory_order_relaxed);
}

DTypePolicy dtype_policy() noexcept {
  const std::uint16_t now = global.load(std::memory_order_relaxed);
  const DType compute{static_cast<std::uint8_t>(now & 0xff)}, variable{static_cast<std::uint8_t>(now >> 8)};
  return compute == variable ? DTypePolicy(compute) : DTypePolicy::mixed_bfloat16();
}

bool has_fast_bfloat16() noexcept { return kernels::why_bf16_is_slow() == nullptr; }

}  // namespace mixed_precision
}  // namespace xtape
