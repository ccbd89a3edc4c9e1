#include "xtape/data/fashion_mnist.hpp"

#include "data/mnist_files.hpp"

namespace xtape::datasets::fashion_mnist {
namespace {

constexpr MnistFiles files = {
    "fashion_mnist.load_data",
    "fashion-mnist",
    "To get it, run `apt install dataset-fashion-mnist` on Debian, or put the four files *-ubyte.gz of "
    "https://github.com/zalandoresearch/fashion-mnist into ~/.keras/datasets/fashion-mnist.",
    nullptr,
    "mnist",
    {5, 0, 4, 1, 9, 2, 1, 3, 1, 4}};

}  // namespace

TrainTest load_data(const LoadOptions& options) { return load_files(files, options); }
std::string find(const std::string& dir) { return find_files(files, dir); }

}  // namespace xtape::datasets::fashion_mnist
