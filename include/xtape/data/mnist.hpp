#pragma once

#include <string>

#include "xtape/data/load_data.hpp"

/// LeCun, Cortes and Burges's MNIST: 60000 training and 10000 test images of 28 x 28 grey levels of handwritten digits.
namespace xtape::datasets::mnist {

/// As fashion_mnist::load_data(); the labels are the digits. Reads mnist.npz too, the one file that Keras keeps.
TrainTest load_data(const LoadOptions& options = {});

/// The folder that load_data() reads; an empty text when the data are not found.
std::string find(const std::string& dir = {});

}  // namespace xtape::datasets::mnist
