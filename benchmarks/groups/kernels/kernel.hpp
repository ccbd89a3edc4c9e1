#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <xtape/core/tensor.hpp>

#include "core/element_access.hpp"
#include "groups/group.hpp"

// Kernels alone, through their ops, in GB/s of what they read and write at least once.
namespace bench {

inline const float* in(const xtape::Tensor& t) { return t.data<float>().data(); }
inline float* out(const xtape::Tensor& t) { return reinterpret_cast<float*>(xtape::detail::ElementAccess::of(t)); }

/// A copy that reads and writes as many bytes in all, on as many threads as are set: memcpy or, for arrays larger than
/// the cache, streaming stores, which are 1.5 times as fast.
std::function<void()> copy_of(double bytes);
/// A loop that reads as many bytes: the sum of floats in eight vectors. Reading alone has less bandwidth than copying.
std::function<void()> read_of(double bytes);

/// An op and what it is compared with.
struct Kernel {
  std::function<void()> op;
  double bytes = 0;
  std::string limit = "copy";       ///< the name of the column
  std::function<void()> best = {};  ///< empty: copy_of(bytes)
  std::vector<Goal> goals = {};
};

/// A case whose arrays are made when it runs, and freed after it. Arrays in the cache are computed by one thread, and
/// are given 10^4 elements; others 3 10^7, in smoke tests fewer.
Case kernel_case(const std::string& name, bool in_cache, std::function<Kernel(std::int64_t size)> make);

inline const std::vector<Goal> bandwidth_goal = {{"copy", 1.25}}, read_goal = {{"read", 1.25}},
                               loop_goal = {{"loop", 1.25}};

void add_elementwise(std::vector<Case>& cases);
void add_reductions(std::vector<Case>& cases);
void add_broadcasts(std::vector<Case>& cases);
void add_movements(std::vector<Case>& cases);
void add_dtypes(std::vector<Case>& cases);
void add_short_axes(std::vector<Case>& cases);

}  // namespace bench
