#pragma once

#include <string>
#include <vector>

#include "xtape/data/load_data.hpp"

/// Zalando's Fashion-MNIST: 60000 training and 10000 test images of 28 x 28 grey levels of ten kinds of clothes
/// (Xiao, Rasul, Vollgraf 2017, arXiv:1708.07747).
namespace xtape::datasets::fashion_mnist {

/// x [n, 28, 28, 1] and y [n], int32 labels from 0 to 9, in the order of the files. The names of the four files may end
/// with ".gz" and have '-' or '.' before "idx".
///
/// Throws a DataError that lists where it looked and how to get the data when they are not found, and one that names
/// the file when it is damaged or does not hold what it should.
TrainTest load_data(const LoadOptions& options = {});

/// The folder that load_data() reads; an empty text when the data are not found.
std::string find(const std::string& dir = {});

/// What the labels 0 to 9 stand for.
inline std::vector<std::string> class_names() {
  return {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"};
}

}  // namespace xtape::datasets::fashion_mnist
