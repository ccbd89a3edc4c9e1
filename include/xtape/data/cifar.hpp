#pragma once

#include <string>
#include <vector>

#include "xtape/data/load_data.hpp"

namespace xtape::datasets {

/// Krizhevsky's CIFAR-10 and CIFAR-100 (Learning Multiple Layers of Features from Tiny Images, 2009): 50000 training
/// and 10000 test images of 32 x 32 pixels in colour. The binary versions of
/// https://www.cs.toronto.edu/~kriz/cifar.html are read; the Python versions, which Keras downloads, are not.
namespace cifar10 {

/// x [n, 32, 32, 3] and y [n], int32 labels from 0 to 9, in the order of data_batch_1.bin to data_batch_5.bin and of
/// test_batch.bin, which are looked for in a folder cifar-10-batches-bin of the places of LoadOptions::dir, and there.
///
/// Throws a DataError that lists where it looked and how to get the data when they are not found, and one that names
/// the file when it is damaged.
TrainTest load_data(const LoadOptions& options = {});

/// What the labels 0 to 9 stand for.
inline std::vector<std::string> class_names() {
  return {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"};
}

}  // namespace cifar10

namespace cifar100 {

/// Keyword arguments of cifar100::load_data().
struct Cifar100Options {
  std::string label_mode = "fine";  ///< "fine": labels from 0 to 99; "coarse": those of the 20 groups
  std::string dir = {};             ///< as LoadOptions::dir
  bool normalize = true;            ///< as LoadOptions::normalize
};

/// As cifar10::load_data(), of train.bin and test.bin in a folder cifar-100-binary. Throws a ValueError for another
/// label_mode.
TrainTest load_data(const Cifar100Options& options = {});

}  // namespace cifar100
}  // namespace xtape::datasets
