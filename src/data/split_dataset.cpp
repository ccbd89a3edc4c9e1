#include "xtape/data/split_dataset.hpp"

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "xtape/core/random.hpp"

namespace xtape::utils {
namespace {

using detail::fail;

constexpr const char* op = "split_dataset";

std::string text_of(const std::optional<double>& size) { return size ? fmt::format("{}", *size) : "none"; }

void check_size(const char* name, const std::optional<double>& size, std::int64_t total) {
  if (!size || (*size > 0 && *size < 1)) return;
  if (*size >= 1 && *size < static_cast<double>(total) && *size == std::floor(*size)) return;
  fail<ValueError>(op,
                   "`{}` should be either a positive integer smaller than {}, or a float within the range `[0, 1]`. "
                   "Received: {}={}",
                   name, total, name, *size);
}

/// A fraction is rounded as Python's round does, halves to even.
std::int64_t rows_of(double size, std::int64_t total) {
  return static_cast<std::int64_t>(size < 1 ? std::nearbyint(size * static_cast<double>(total)) : size);
}

std::pair<std::int64_t, std::int64_t> sizes_of(std::int64_t total, const SplitDatasetOptions& options) {
  const auto &left_size = options.left_size, &right_size = options.right_size;
  check_size("left_size", left_size, total);
  check_size("right_size", right_size, total);
  if (left_size && right_size && *left_size < 1 && *right_size < 1 && *left_size + *right_size > 1) {
    fail<ValueError>(op,
                     "The sum of `left_size` and `right_size` is greater than 1. It must be less than or equal to 1. "
                     "Received: {} and {}",
                     *left_size, *right_size);
  }
  std::int64_t left = left_size ? rows_of(*left_size, total) : 0, right = right_size ? rows_of(*right_size, total) : 0;
  if (!left_size) left = total - right;
  if (!right_size) right = total - left;
  if (left + right > total) {
    fail<ValueError>(op,
                     "The sum of `left_size` and `right_size` should be smaller than the {}. Received: left_size + "
                     "right_size = {}",
                     total, left + right);
  }
  if (left == 0 || right == 0) {
    fail<ValueError>(op,
                     "With `dataset` of length={}, `left_size`={} and `right_size`={}. Resulting {} side dataset split "
                     "will be empty. Adjust any of the aforementioned parameters",
                     total, text_of(left_size), text_of(right_size), left == 0 ? "left" : "right");
  }
  return {left, right};
}

}  // namespace

std::pair<data::AnyDataset, data::AnyDataset> split_dataset(const data::AnyDataset& dataset,
                                                            const SplitDatasetOptions& options) {
  if (!options.left_size && !options.right_size) {
    fail<ValueError>(op, "At least one of the `left_size` or `right_size` must be specified. Received: none");
  }
  if (dataset.cardinality() == data::infinite_cardinality) {
    fail<ValueError>(op, "expected a dataset with an end");
  }
  auto elements = std::make_shared<std::vector<Tensors>>();
  for (const Tensors& element : dataset) elements->push_back(element);
  const auto total = static_cast<std::int64_t>(elements->size());
  const auto [left, right] = sizes_of(total, options);
  if (options.shuffle) {
    random::Generator generator(options.seed ? *options.seed : random::default_generator().next_u64());
    const Tensor order = generator.permutation(total);
    auto shuffled = std::make_shared<std::vector<Tensors>>();
    for (const auto i : order.data<std::int64_t>()) shuffled->push_back((*elements)[static_cast<std::size_t>(i)]);
    elements = shuffled;
  }
  const auto part = [&](std::int64_t first, std::int64_t count) {
    return detail::dataset_of(count, dataset.tensors_per_element(), [elements, first](std::int64_t i) {
      return (*elements)[static_cast<std::size_t>(first + i)];
    });
  };
  return {part(0, left), part(total - right, right)};
}

}  // namespace xtape::utils
