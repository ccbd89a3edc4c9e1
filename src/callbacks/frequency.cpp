#include "xtape/callbacks/frequency.hpp"

#include "base/check.hpp"

namespace xtape::callbacks {

Frequency::Frequency(const std::string& unit) : batches_(unit == "batch" ? 1 : 0) {
  if (unit != "epoch" && unit != "batch") {
    detail::fail<ValueError>("Frequency", "expected \"epoch\", \"batch\" or a number of batches, received \"{}\"",
                             unit);
  }
}

Frequency::Frequency(std::int64_t batches, int) : batches_(batches) {
  if (batches < 1) detail::fail<ValueError>("Frequency", "expected at least 1 batch, received {}", batches);
}

}  // namespace xtape::callbacks
