#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

/// A network of dense layers; widths[0] is the number of inputs. Also read by the libtorch side, so C++17 will do.
struct Network {
  enum class Kind {
    classifier,  ///< relu in between, softmax and sparse cross-entropy at the end
    logic        ///< sigmoid everywhere, mean squared error
  };
  std::string name;
  std::vector<std::int64_t> widths;
  std::int64_t batch;
  Kind kind = Kind::classifier;
};

/// The networks that are measured.
std::vector<Network> networks();

/// A few batches that are trained on in turn. A classifier has labels, a logic network targets.
struct Batches {
  struct Batch {
    std::vector<float> inputs;         // [batch, widths.front()]
    std::vector<std::int64_t> labels;  // [batch]
    std::vector<float> targets;        // [batch, widths.back()]
  };
  std::vector<Batch> items;
};

/// The same numbers on every machine.
Batches make_batches(const Network& network);

}  // namespace bench
