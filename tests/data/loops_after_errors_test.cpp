// If something throws in a loop over a dataset, nothing is lost: continuing gives the same elements as a loop without
// errors.
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/data/dataset.hpp"
#include "xtape/ops/math.hpp"

using namespace xtape;
using data::AnyDataset;
using data::Dataset;
using data::range;

namespace {

using Numbers = std::vector<std::int64_t>;

/// Passes elements on, but throws on each third of them when it comes for the first time.
struct Stumbling {
  std::shared_ptr<std::vector<std::atomic<bool>>> seen = std::make_shared<std::vector<std::atomic<bool>>>(100);
  Tensor operator()(const Tensor& t) const {
    const auto number = t.item<int>();
    if (number % 3 == 1 && !(*seen)[static_cast<std::size_t>(number)].exchange(true)) {
      throw std::runtime_error("stumbled");
    }
    return t;
  }
};

struct Loop {
  Numbers numbers;
  int errors = 0;
};

/// All numbers of a loop that continues after errors.
Loop go_on(const AnyDataset& dataset) {
  Loop loop;
  std::optional<AnyDataset::Iterator> at;
  const auto step = [&](const auto& what) {
    for (int tries = 0; tries < 5; ++tries) {
      try {
        what();
        return;
      } catch (const std::runtime_error&) {
        ++loop.errors;
      }
    }
    FAIL("the same error again and again");
  };
  step([&] { at = dataset.begin(); });
  while (*at != dataset.end()) {
    for (const Tensor& t : **at) {
      const auto some = t.to_vector<std::int64_t>();
      loop.numbers.insert(loop.numbers.end(), some.begin(), some.end());
    }
    step([&] { ++*at; });
  }
  return loop;
}

struct Row {
  const char* name;
  std::function<AnyDataset(const Dataset<1>&)> stages;
};

TEST_CASE("Dataset: a loop that goes on after errors gives all elements, through every stage") {
  const std::vector<Row> rows = {
      {"map", [](const Dataset<1>& d) { return d; }},
      {"map after map", [](const Dataset<1>& d) { return d.map([](const Tensor& t) { return t + 1; }); }},
      {"filter", [](const Dataset<1>& d) { return d.filter([](const Tensor& t) { return t.item<int>() % 2 == 0; }); }},
      {"a filter that throws",
       [](const Dataset<1>& d) {
         return d.filter([stumbles = Stumbling()](const Tensor& t) { return stumbles(t + 1).item<int>() != 5; });
       }},
      {"batch", [](const Dataset<1>& d) { return d.batch(4); }},
      {"batch without the rest", [](const Dataset<1>& d) { return d.batch(4, {.drop_remainder = true}); }},
      {"unbatch", [](const Dataset<1>& d) { return d.batch(5).unbatch(); }},
      {"shuffle", [](const Dataset<1>& d) { return d.shuffle(5, {.seed = 3, .reshuffle_each_iteration = false}); }},
      {"take", [](const Dataset<1>& d) { return d.take(8); }},
      {"skip", [](const Dataset<1>& d) { return d.skip(5); }},
      {"repeat", [](const Dataset<1>& d) { return d.repeat(2); }},
      {"enumerate", [](const Dataset<1>& d) { return d.enumerate(); }},
      {"concatenate", [](const Dataset<1>& d) { return range(3).concatenate(d); }},
      {"zip, first", [](const Dataset<1>& d) { return d.AnyDataset::zip(range(100, 110)); }},
      {"zip, second", [](const Dataset<1>& d) { return range(100, 110).AnyDataset::zip(d); }},
      {"prefetch", [](const Dataset<1>& d) { return d.prefetch(3); }},
      {"prefetch of batches", [](const Dataset<1>& d) { return d.batch(2).prefetch(2); }},
      {"a parallel map",
       [](const Dataset<1>& d) { return d.map([](const Tensor& t) { return t * 2; }, {.num_parallel_calls = 3}); }},
      {"a parallel map that throws",
       [](const Dataset<1>& d) {
         return d.map([stumbles = Stumbling()](const Tensor& t) { return stumbles(t + 1); }, {.num_parallel_calls = 2});
       }},
  };
  for (const Row& row : rows) {
    CAPTURE(std::string(row.name));
    const Stumbling never{};
    for (auto& seen : *never.seen) seen = true;
    // The functions of the rows throw as well, for elements that occur for the first time.
    const Loop expected = go_on(row.stages(range(10).map([](const Tensor& t) { return t; })));
    const Loop loop = go_on(row.stages(range(10).map(Stumbling())));
    CHECK(loop.errors >= 2);
    CHECK(loop.numbers == expected.numbers);
  }
}

}  // namespace
