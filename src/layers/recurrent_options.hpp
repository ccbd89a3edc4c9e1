#pragma once

#include "xtape/layers/rnn.hpp"

namespace xtape::detail {

/// The options of a layer for its cell, without the name.
template <class Options>
Options unnamed(Options options) {
  options.name.clear();
  return options;
}

/// The options of a layer that RNN uses.
template <class Options>
layers::RNNOptions sequence_options(const Options& options) {
  return {.return_sequences = options.return_sequences,
          .return_state = options.return_state,
          .go_backwards = options.go_backwards,
          .stateful = options.stateful,
          .zero_output_for_mask = options.zero_output_for_mask,
          .name = options.name};
}

}  // namespace xtape::detail
