#include <memory>
#include <xtape/xtape.hpp>

#include "groups/group.hpp"

// The cost of defining a functional model, before it is called: ResNet-50 (He et al., Deep Residual Learning for Image
// Recognition, 2015), with 25.6 million weights in 54 layers.
namespace bench {
namespace {

namespace xp = xtape;
using xp::SymbolicTensor;

/// With all widths divided by `narrower`.
struct ResNet50 {
  std::int64_t narrower = 1;

  SymbolicTensor convolution(const SymbolicTensor& x, std::int64_t filters, std::int64_t kernel,
                             std::int64_t stride) const {
    xp::layers::Conv2D conv(filters / narrower, {kernel, kernel}, {.strides = {stride, stride}, .padding = "same"});
    return xp::layers::BatchNormalization()(conv(x));
  }
  static SymbolicTensor relu(const SymbolicTensor& x) { return xp::layers::Activation("relu")(x); }

  SymbolicTensor block(const SymbolicTensor& input, std::int64_t filters, std::int64_t stride, bool first) const {
    const auto shortcut = first ? convolution(input, 4 * filters, 1, stride) : input;
    auto x = relu(convolution(input, filters, 1, stride));
    x = relu(convolution(x, filters, 3, 1));
    x = convolution(x, 4 * filters, 1, 1);
    return relu(xp::layers::Add()(xp::SymbolicList{shortcut, x}));
  }

  xp::Model model() const {
    const auto images = xp::Input({224, 224, 3});
    auto x = relu(convolution(images, 64, 7, 2));
    x = xp::layers::MaxPooling2D({3, 3}, {.strides = xp::Size2d{2, 2}, .padding = "same"})(x);
    const int blocks[] = {3, 4, 6, 3};
    for (int stage = 0; stage < 4; ++stage) {
      for (int i = 0; i < blocks[stage]; ++i) x = block(x, 64 << stage, i == 0 && stage > 0 ? 2 : 1, i == 0);
    }
    x = xp::layers::GlobalAveragePooling2D()(x);
    return {images, xp::layers::Dense(1000, {.activation = "softmax"})(x)};
  }
};

/// Draws as many random numbers as there are weights.
std::function<void()> weights_of(const xp::Model& model) {
  std::vector<xp::Shape> shapes;
  for (const auto& variable : model.trainable_variables()) {
    if (variable.shape().rank() > 1) shapes.push_back(variable.shape());
  }
  return [shapes] {
    std::vector<xp::Tensor> weights;
    for (const auto& shape : shapes) weights.push_back(xp::random::uniform(shape, -0.1, 0.1));
  };
}

std::vector<Result> time(const std::string& name, const Effort& effort) {
  const ResNet50 network{effort.smoke ? 16 : 1};
  return compare(name, {"ms", 1000}, {{"", 50}}, effort, [&](int) {
    return std::vector<Contender>{{[network] { (void)network.model(); }, "define"},
                                  {weights_of(network.model()), "weights", Role::limit}};
  });
}

std::vector<Result> memory(const std::string& name, const Effort& effort) {
  const ResNet50 network{effort.smoke ? 16 : 1};
  const std::int64_t before = xp::memory_stats().bytes_in_use;
  xp::reset_peak_memory();
  const xp::Model model = network.model();
  const auto peak = static_cast<double>(xp::memory_stats().peak_bytes - before);
  const auto weights = static_cast<double>(model.count_params()) * 4;
  Result result{"", name, 1, peak / 1e6, "MB"};
  result.others.push_back({"weights", Role::limit, weights / 1e6, peak / weights});
  result.targets.push_back({"peak / weights", peak / weights, 1.2});
  return {result};
}

}  // namespace

Group define_group() {
  const std::string name = "define ResNet-50 (functional)", peak = "the same, peak memory";
  return {"define",
          "defining a functional model of 25.6 million weights, beside drawing and keeping these alone",
          {"weights"},
          {{name, [name](const Effort& effort) { return time(name, effort); }},
           {peak, [peak](const Effort& effort) { return memory(peak, effort); }}}};
}

}  // namespace bench
