#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include <xtape/core/random.hpp>

#include "groups/group.hpp"
#include "workloads/products.hpp"
#include "workloads/xtape_steps.hpp"
#ifdef XTAPE_BENCH_LIBTORCH
#include "libtorch/libtorch_steps.hpp"
#endif

namespace bench {
namespace {

/// The forward products alone.
std::function<void()> products_of(const Network& network, std::int64_t batch, int threads) {
  struct State {
    std::vector<std::vector<float>> w, x;
    Products products;
  };
  const auto state = std::make_shared<State>();
  const auto& widths = network.widths;
  for (const std::int64_t width : widths) state->x.emplace_back(static_cast<std::size_t>(batch * width), 0.5f);
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
    state->w.emplace_back(static_cast<std::size_t>(widths[l] * widths[l + 1]), 0.01f);
    state->products.add(false, false, batch, widths[l + 1], widths[l], state->x[l].data(), state->w[l].data(),
                        state->x[l + 1].data());
  }
  state->products.choose(threads);
  return [state] { state->products.run(); };
}

Case inference(const Network& network, std::int64_t batch) {
  const auto name = fmt::format("{} b{}", network.name.substr(0, network.name.find(' ')), batch);
  return {name, [=](const Effort& effort) {
            return compare(name, {"us", static_cast<double>(batch)}, {}, effort, [&](int threads) {
              const auto [call, predict] = inference_steps(network, batch);
              std::vector<Contender> contenders = {{call, "model(x)"},
                                                   {predict, "predict"},
                                                   {products_of(network, batch, threads), "products", Role::limit}};
#ifdef XTAPE_BENCH_LIBTORCH
              contenders.push_back({libtorch::inference_step(network, batch), "libtorch", Role::rival});
#endif
              return contenders;
            });
          }};
}

}  // namespace

Group inference_group() {
  Group group{"inference",
              "us an image: model(x), predict(x), the forward products alone, and libtorch without gradients",
              {"predict", "products", "libtorch"},
              {}};
  for (const auto& network : networks()) {
    if (network.name != "784-100-10 b50" && network.name != "784-512-128-32-10 b32") continue;
    for (const std::int64_t batch : {1, 32, 1024}) group.cases.push_back(inference(network, batch));
  }
  return group;
}

}  // namespace bench
