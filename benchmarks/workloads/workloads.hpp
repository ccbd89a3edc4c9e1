#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace bench {

/// A network of dense layers; widths[0] is the number of inputs. C++17, since the libtorch part includes it.
struct Network {
  enum class Kind {
    classifier,  ///< relu in between, softmax and sparse cross-entropy at the end
    logic        ///< sigmoid everywhere, mean squared error
  };
  std::string name;
  std::vector<std::int64_t> widths;
  std::int64_t batch;
  Kind kind = Kind::classifier;
  /// The filters of the convolutions before the dense layers: 5x5 with padding "same" on images of image_side^2, relu,
  /// and a pool of 2x2. widths[0] is the size of the last pool's output.
  std::vector<std::int64_t> filters = {};
  double dropout = 0;  ///< after each relu of a dense layer

  static constexpr std::int64_t image_side = 28;
  static constexpr std::int64_t kernel_side = 5;
  std::int64_t inputs() const { return filters.empty() ? widths.front() : image_side * image_side; }
};

/// The networks that are measured.
std::vector<Network> networks();

/// A classifier of sequences: an LSTM, or layers of attention with the mean over the steps.
struct SequenceNetwork {
  enum class Kind {
    lstm,      ///< its last output
    attention  ///< each layer x = norm(x + attention(x)), x = norm(x + dense(relu dense(x)))
  };
  std::string name;
  Kind kind;
  std::int64_t batch, steps, features;
  std::int64_t units;       ///< of the LSTM
  std::int64_t layers = 0;  ///< of attention
  std::int64_t heads = 0;
  std::int64_t feed_forward = 0;

  static constexpr std::int64_t classes = 10;
};

std::vector<SequenceNetwork> sequence_networks();

/// The number of batches on which a classifier is trained in turn.
inline constexpr int batches_in_turn = 4;

/// A few batches for training in turn. A classifier has labels, a logic network targets.
struct Batches {
  struct Batch {
    std::vector<float> inputs;         // [batch, inputs()], or [batch, steps, features]
    std::vector<std::int64_t> labels;  // [batch]
    std::vector<float> targets;        // [batch, widths.back()]
  };
  std::vector<Batch> items;
};

/// The same numbers on every machine.
Batches make_batches(const Network& network);
Batches make_batches(const SequenceNetwork& network);

}  // namespace bench
