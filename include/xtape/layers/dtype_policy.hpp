#pragma once

#include <string>

#include "xtape/base/config.hpp"
#include "xtape/base/dtype.hpp"

namespace xtape {

/// The dtype in which a layer computes and the dtype of its variables (keras.DTypePolicy):
///
/// | name | computes in | variables |
/// |---|---|---|
/// | "float32", "float64", "bfloat16", or any other dtype | that dtype | that dtype |
/// | "mixed_bfloat16" | bfloat16 | float32 |
///
/// Every layer has a policy: the `dtype` of its options, `Dense(10, {.dtype = "float32"})`, otherwise the global policy
/// when it is made. A layer casts its floating inputs to its compute dtype (for float64 inputs see Layer). Under
/// mixed_bfloat16 a layer's call reads its float32 variables as bfloat16; their gradients are float32.
class DTypePolicy {
 public:
  /// The global policy.
  DTypePolicy();
  DTypePolicy(DType dtype) noexcept : compute_(dtype), variable_(dtype) {}
  /// Throws a ValueError for a name not in the table; "mixed_float16" and "float16" are not, as xtape has no float16.
  DTypePolicy(const std::string& name);
  DTypePolicy(const char* name) : DTypePolicy(std::string(name)) {}

  /// "mixed_bfloat16"
  static DTypePolicy mixed_bfloat16() noexcept { return {bfloat16, float32}; }

  std::string name() const;
  ConfigValue config() const { return name(); }
  /// From a name, or none for the global policy. Keras's "float16" and "mixed_float16" become float32, with a warning.
  static DTypePolicy from_config(const ConfigValue& value);
  DType compute_dtype() const noexcept { return compute_; }
  DType variable_dtype() const noexcept { return variable_; }

  friend bool operator==(DTypePolicy, DTypePolicy) = default;

 private:
  DTypePolicy(DType compute, DType variable) noexcept : compute_(compute), variable_(variable) {}
  DType compute_, variable_;
};

/// keras.mixed_precision, and the functions of the same names of keras.config.
namespace mixed_precision {

/// The global policy, of layers whose options set none. It is "float32" until set.
///
/// Without fast bfloat16 products (see has_fast_bfloat16), a policy that computes in bfloat16 works and rounds in the
/// same way, but is no faster than float32; a warning says so once.
void set_dtype_policy(DTypePolicy policy);
DTypePolicy dtype_policy() noexcept;
/// Keras's older names.
inline void set_global_policy(DTypePolicy policy) { set_dtype_policy(policy); }
inline DTypePolicy global_policy() noexcept { return dtype_policy(); }

/// Whether products of bfloat16 are faster than those of float32: xtape was built with oneDNN, and the processor has
/// AVX512-BF16 or AMX.
bool has_fast_bfloat16() noexcept;

}  // namespace mixed_precision

}  // namespace xtape
