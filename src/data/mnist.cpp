#include "xtape/data/mnist.hpp"

#include "data/mnist_files.hpp"

namespace xtape::datasets::mnist {
namespace {

constexpr MnistFiles files = {
    "mnist.load_data",
    "mnist",
    "To get it, put the four files {train,t10k}-{images-idx3,labels-idx1}-ubyte.gz of "
    "https://storage.googleapis.com/cvdf-datasets/mnist into ~/.keras/datasets/mnist, or "
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz into ~/.keras/datasets.",
    "mnist.npz",
    "fashion-mnist",
    {9, 0, 0, 3, 0, 2, 7, 2, 5, 5}};

}  // namespace

TrainTest load_data(const LoadOptions& options) { return load_files(files, options); }
std::string find(const std::string& dir) { return find_files(files, dir); }

}  // namespace xtape::datasets::mnist
