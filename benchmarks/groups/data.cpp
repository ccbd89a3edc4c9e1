#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include <xtape/core/random.hpp>
#include <xtape/xtape.hpp>

#include "groups/group.hpp"
#include "groups/kernels/kernel.hpp"

namespace bench {
namespace {

namespace xp = xtape;

constexpr std::int64_t side = 28, batch_size = 32;

xp::data::TensorDataset images(std::int64_t n, xp::DType dtype) {
  xp::random::Generator generator(1);
  return {cast(generator.uniform({n, side, side, 1}, 0, 255), dtype), generator.uniform({n}, 0, 10, xp::int32)};
}

/// Goes once through all elements.
template <class Dataset>
std::function<void()> epoch(Dataset dataset) {
  return [dataset = std::move(dataset)]() mutable {
    for (auto element : dataset) static_cast<void>(element);
  };
}

Case pipeline(const std::string& name, xp::DType dtype, double bytes_an_image,
              std::function<std::function<void()>(const xp::data::TensorDataset&)> make) {
  return {name, [=](const Effort& effort) {
            const std::int64_t n = effort.smoke ? 64 : 6400;
            const auto data = images(n, dtype);
            return compare(name, per_second("img/s", static_cast<double>(n)), {}, effort, [&](int) {
              return std::vector<Contender>{{make(data), "xtape"},
                                            {copy_of(bytes_an_image * static_cast<double>(n)), "copy", Role::limit}};
            });
          }};
}

Case augmentation() {
  const std::string name = "flip, turn, move and zoom images of 28x28";
  return {name, [=](const Effort& effort) {
            auto layers =
                std::make_shared<xp::Sequential>(xp::layers::RandomFlip("horizontal"), xp::layers::RandomRotation(0.05),
                                                 xp::layers::RandomTranslation(0.1, 0.1), xp::layers::RandomZoom(0.1));
            const xp::Tensor x = images(batch_size, xp::float32).x;
            return compare(name, per_second("img/s", batch_size), {}, effort, [&](int) {
              return std::vector<Contender>{{[=] { (*layers)(x, {.training = true}); }, "xtape"},
                                            {copy_of(4.0 * 2 * side * side * batch_size), "copy", Role::limit}};
            });
          }};
}

/// Reading the test images of Fashion-MNIST from their compressed file, where they are installed.
Case compressed_file() {
  const std::string name = "IDX.gz of 10000 images";
  return {name, [=](const Effort& effort) -> std::vector<Result> {
            const std::string dir = xp::datasets::fashion_mnist::find();
            if (dir.empty()) return {};
            const auto read = [=] { xp::io::read_idx(dir + "/t10k-images-idx3-ubyte.gz"); };
            Effort chosen = effort;
            chosen.rounds = std::min(effort.rounds, 7);
            return compare_on_one_thread(name, per_second("img/s", 10000), {}, chosen, {{read, "xtape"}});
          }};
}

}  // namespace

Group data_group() {
  Group group{
      "data", "images a second, of 28x28 in batches of 32, beside a copy of what is read and written", {"copy"}, {}};
  constexpr double pixels = side * side;
  auto& cases = group.cases;
  cases.push_back(pipeline("shuffle, batch", xp::float32, 8 * pixels,
                           [](const auto& data) { return epoch(data.shuffle(7).batch(batch_size)); }));
  cases.push_back(pipeline("RandomBatches", xp::float32, 8 * pixels, [](const auto& data) -> std::function<void()> {
    return [batches = xp::data::RandomBatches(data, batch_size, 1), n = data.size() / batch_size]() mutable {
      for (std::int64_t i = 0; i < n; ++i) batches.next();
    };
  }));
  const auto to_float = [](const xp::Tensor& x, const xp::Tensor& y) {
    return std::pair(cast(x, xp::float32) / 255, y);
  };
  const auto slices = [](const xp::data::TensorDataset& data) { return xp::data::from_tensor_slices(data.x, data.y); };
  cases.push_back(
      pipeline("slices: shuffle, batch, map", xp::uint8, 2 * pixels + 5 * pixels + 8 * pixels,
               [=](const auto& data) { return epoch(slices(data).shuffle(1000).batch(batch_size).map(to_float)); }));
  cases.push_back(pipeline(
      "slices: shuffle, batch, map, prefetch", xp::uint8, 2 * pixels + 5 * pixels + 8 * pixels,
      [=](const auto& data) { return epoch(slices(data).shuffle(1000).batch(batch_size).map(to_float).prefetch(2)); }));
  cases.push_back(
      pipeline("slices: map, shuffle, batch", xp::uint8, 5 * pixels + 8 * pixels + 8 * pixels,
               [=](const auto& data) { return epoch(slices(data).map(to_float).shuffle(1000).batch(batch_size)); }));
  cases.push_back(augmentation());
  cases.push_back(compressed_file());
  return group;
}

}  // namespace bench
