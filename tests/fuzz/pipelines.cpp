// Datasets of any stages with any counts, the first elements of which are made; and the helpers for data in memory.
#include "fuzz/choices.hpp"
#include "xtape/core/random.hpp"
#include "xtape/data/dataset.hpp"
#include "xtape/data/preprocessing.hpp"
#include "xtape/data/random_batches.hpp"
#include "xtape/data/split_dataset.hpp"
#include "xtape/data/timeseries.hpp"
#include "xtape/data/train_test_split.hpp"

using namespace xtape;
using data::AnyDataset;
using fuzzing::Choices;

namespace {

AnyDataset source(Choices& c) {
  switch (c.below(4)) {
    case 0: {
      const auto start = c.integer(), stop = c.integer();
      return data::range(start, stop, c.integer());
    }
    case 1:
      return data::from_tensor_slices(c.tensor());
    case 2: {
      const Tensor x = c.tensor();
      const data::BatchOptions options{.drop_remainder = c.below(2) == 1};
      return data::TensorDataset(x, x).shuffle(c.byte()).batch(c.integer(), options);
    }
    default:
      return data::from_tensors(c.tensor(), c.tensor());
  }
}

AnyDataset stage(const AnyDataset& d, Choices& c) {
  switch (c.below(13)) {
    case 0:
      return d.shuffle(c.integer(), {.seed = c.byte(), .reshuffle_each_iteration = c.below(2) == 1});
    case 1: {
      const data::BatchOptions options{.drop_remainder = c.below(2) == 1};
      return d.batch(c.integer(), options);
    }
    case 2:
      return d.unbatch();
    case 3:
      return d.repeat(c.integer());
    case 4:
      return d.take(c.integer());
    case 5:
      return d.skip(c.integer());
    case 6:
      return d.concatenate(d);
    case 7:
      return d.enumerate(c.integer());
    case 8:
      return d.cache();
    case 9:
      return d.prefetch(c.integer());
    case 10:
      return d.zip(d);
    case 11:
      return d.filter([](const Tensors& e) { return e[0].size() % 2 == 0; });
    default: {
      const auto threads = c.integer();
      return d.map([](const Tensors& e) { return e; }, d.tensors_per_element(),
                   {.num_parallel_calls = static_cast<int>(threads)});
    }
  }
}

void pipeline(Choices& c) {
  AnyDataset d = source(c);
  bool ends = true;  // some stages never give an element of a dataset that goes on for ever
  for (auto n = c.below(6); n > 0; --n) {
    d = stage(d, c);
    ends = ends && d.cardinality() != data::infinite_cardinality && d.cardinality() < 10000;
  }
  if (!ends) return;
  int left = 30;
  for (const Tensors& element : d.take(30)) {
    if (element.size() != d.tensors_per_element()) fuzzing::fail("an element of another number of tensors");
    if (--left < 0) fuzzing::fail("too many elements");
  }
}

void helper(Choices& c) {
  switch (c.below(8)) {
    case 0: {
      const Tensor y = c.tensor();
      utils::to_categorical(y, c.below(2) == 1 ? std::optional(c.integer()) : std::nullopt);
      return;
    }
    case 1: {
      const Tensor x = c.tensor();
      const int axis = c.small();
      utils::normalize(x, axis, c.real());
      return;
    }
    case 2: {
      std::vector<std::vector<std::int64_t>> sequences(c.below(4));
      for (auto& sequence : sequences) sequence = c.numbers<std::int64_t>();
      utils::PadOptions options{.dtype = c.dtype(), .padding = c.below(2) == 1 ? "pre" : "post"};
      if (c.below(2) == 1) options.maxlen = c.integer();
      options.value = c.real();
      utils::pad_sequences(sequences, options);
      return;
    }
    case 3: {
      const Tensor x = c.tensor();
      utils::TimeseriesOptions options;
      options.sequence_stride = c.integer();
      options.sampling_rate = c.integer();
      options.batch_size = c.integer();
      options.start_index = c.integer();
      if (c.below(2) == 1) options.end_index = c.integer();
      for (const auto& [a, b] : utils::timeseries_dataset_from_array(x, x, c.integer(), options)) {
        if (a.shape(0) != b.shape(0)) fuzzing::fail("windows and targets of different number");
      }
      return;
    }
    case 4: {
      const Tensor x = c.tensor();
      const auto size = c.integer();
      data::RandomBatches(data::TensorDataset(x, x), size, 1).next();
      return;
    }
    case 5: {
      const Tensor x = c.tensor();
      data::SplitOptions options{.test_size = c.real()};
      options.train_size = c.real();
      options.random_state = 1;
      data::train_test_split(x, options);
      return;
    }
    case 6: {
      const Tensor x = c.tensor();
      const auto count = c.integer();
      const data::TensorDataset d(x, x);
      static_cast<void>(d.take(count));
      static_cast<void>(d.skip(count));
      for (const auto& [a, b] : d.batch(c.integer())) static_cast<void>(a.size() + b.size());
      return;
    }
    default: {
      const Tensor x = c.tensor();
      utils::SplitDatasetOptions options{.left_size = c.real()};
      if (c.below(2) == 1) options.right_size = c.real();
      utils::split_dataset(data::from_tensor_slices(x), options);
    }
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices(data, size);
  return fuzzing::only_errors([&] { choices.below(2) == 0 ? pipeline(choices) : helper(choices); });
}

std::vector<std::string> fuzzing::seeds() {
  std::vector<std::string> all;
  std::uint32_t state = 1;
  for (int i = 0; i < 60; ++i) {
    std::string bytes;
    for (int k = 0; k < 60; ++k) bytes += static_cast<char>((state = state * 1664525u + 1013904223u) >> 24);
    bytes[0] = static_cast<char>(i);
    bytes[1] = static_cast<char>(i / 2);
    all.push_back(bytes);
  }
  return all;
}
