#pragma once

#include <string>

#include "xtape/data/tensor_dataset.hpp"

namespace xtape::datasets {

/// Keyword arguments of load_data().
struct LoadOptions {
  /// The folder with the files, or with a folder of the data set's name that holds them. Empty: look in $XTAPE_DATA, in
  /// ~/.keras/datasets, where Keras keeps them, and in /usr/share/datasets, where Debian does.
  std::string dir = {};
  /// Images as float32 in [0, 1] (the bytes divided by 255); otherwise as uint8.
  bool normalize = true;
};

/// A data set's two parts: `auto [train, test] = load_data();`.
struct TrainTest {
  data::TensorDataset train;
  data::TensorDataset test;
};

}  // namespace xtape::datasets
