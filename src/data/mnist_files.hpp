#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "xtape/data/load_data.hpp"

namespace xtape::datasets {

/// A data set in the four files of MNIST, whose names they all share.
struct MnistFiles {
  const char* op;      ///< of error messages
  const char* folder;  ///< under the folders where data sets are kept
  const char* advice;  ///< how to get it
  const char* npz;     ///< the one file that Keras keeps instead; null if it does not
  // The files do not say which data set they are, and MNIST and Fashion-MNIST have the same names: they are told apart
  // by their first labels.
  const char* other;
  std::array<std::uint8_t, 10> other_labels;  ///< the first training labels of the other one
};

/// The folder with all four files, the first of those that load_data() looks in; empty when there is none. `searched`
/// receives a line for each.
std::string find_files(const MnistFiles& files, const std::string& dir, std::string* searched = nullptr);

TrainTest load_files(const MnistFiles& files, const LoadOptions& options);

}  // namespace xtape::datasets
