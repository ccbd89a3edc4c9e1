#include "faults/faults.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

#include "base/pool.hpp"
#include "core/element_access.hpp"
#include "xtape/base/error.hpp"
#include "xtape/tape/record.hpp"

namespace xtape::testing {
namespace {

std::string bytes_of(const std::vector<Tensor>& tensors) {
  std::string bytes;
  for (const Tensor& t : tensors) {
    if (!t.defined()) continue;
    const auto* data = reinterpret_cast<const char*>(detail::ElementAccess::of(t));
    bytes.append(data, static_cast<std::size_t>(t.size()) * itemsize(t.dtype()));
  }
  return bytes;
}

std::int64_t in_use() { return memory_stats().bytes_in_use; }

}  // namespace

void check_each_allocation_may_fail(const Workload& workload) {
  CAPTURE(workload.name);
  const std::string right = bytes_of(workload.run());
  CHECK(bytes_of(workload.run()) == right);  // what is made once is there
  const std::int64_t before = in_use();
  std::int64_t all = 0;
  {
    const detail::AllocationFaults count(0);
    CHECK(bytes_of(workload.run()) == right);
    all = count.seen();
  }
  CHECK(all > 0);
  CHECK(in_use() == before);
  constexpr std::int64_t most = 60;
  std::int64_t thrown = 0;
  for (std::int64_t nth = 1; nth <= all; nth += std::max<std::int64_t>(1, nth > 20 ? all / most : 1)) {
    CAPTURE(nth);
    bool good = true;
    {
      const detail::AllocationFaults fault(nth);
      try {
        good = bytes_of(workload.run()) == right;
      } catch (const OutOfMemoryError& error) {
        ++thrown;
        good = error.message().find("out of memory") != std::string::npos;
      }
    }
    CHECK(good);
    CHECK_FALSE(is_recording());
    const bool same = bytes_of(workload.run()) == right;
    CHECK(same);
    CHECK(in_use() == before);
    if (!good || !same || in_use() != before) break;
  }
  CHECK(thrown > 0);
}

}  // namespace xtape::testing
