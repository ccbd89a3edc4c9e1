#include "workloads/floor.hpp"

#include <memory>

#include "kernels/adam.hpp"
#include "workloads/convolution_floor.hpp"
#include "workloads/products.hpp"

namespace bench {
namespace {

using Numbers = std::vector<float>;

/// One pass of Adam over as many parameters.
struct Adam {
  Numbers p, g, m, v;

  explicit Adam(std::int64_t parameters) {
    for (auto* array : {&p, &g, &m, &v}) array->assign(static_cast<std::size_t>(parameters), 0.01f);
  }
  void run() {
    xtape::kernels::adam(static_cast<std::int64_t>(p.size()), p.data(), g.data(), m.data(), v.data(), 0.001f, 0.9f,
                         0.999f, 1e-7f);
  }
};

std::int64_t parameters_of(const Network& network) {
  std::int64_t parameters = 0, channels = 1;
  for (const std::int64_t filters : network.filters) {
    parameters += (Network::kernel_side * Network::kernel_side * channels + 1) * filters;
    channels = filters;
  }
  for (std::size_t l = 0; l + 1 < network.widths.size(); ++l) {
    parameters += (network.widths[l] + 1) * network.widths[l + 1];
  }
  return parameters;
}

class Floor {
 public:
  Floor(const Network& network, int threads, std::function<void()> convolutions)
      : convolutions_(std::move(convolutions)), adam_(parameters_of(network)) {
    const std::int64_t batch = network.batch;
    const auto& widths = network.widths;
    for (const std::int64_t width : widths) {
      x_.emplace_back(static_cast<std::size_t>(batch * width), 0.5f);
      dx_.emplace_back(static_cast<std::size_t>(batch * width), 0.01f);
    }
    std::int64_t offset = 0;
    for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
      const std::int64_t in = widths[l];
      const std::int64_t out = widths[l + 1];
      const float* w = adam_.p.data() + offset;
      products_.add(false, false, batch, out, in, x_[l].data(), w, x_[l + 1].data());
      products_.add(true, false, in, out, batch, x_[l].data(), dx_[l + 1].data(), adam_.g.data() + offset);
      if (l > 0 || !network.filters.empty()) {
        products_.add(false, true, batch, in, out, dx_[l + 1].data(), w, dx_[l].data());
      }
      offset += (in + 1) * out;
    }
    // As many inputs as a network is trained on, so that they do not stay in the first-level cache.
    if (network.filters.empty()) {
      for (int i = 0; i < batches_in_turn; ++i) inputs_.push_back(x_[0]);
    }
    products_.choose(threads);
  }

  void step() {
    if (convolutions_) convolutions_();
    if (!inputs_.empty()) products_.left(0) = products_.left(1) = inputs_[next_++ % inputs_.size()].data();
    products_.run();
    adam_.run();
  }

 private:
  std::function<void()> convolutions_;
  Adam adam_;
  std::vector<Numbers> x_, dx_, inputs_;
  std::size_t next_ = 0;
  Products products_;
};

/// The products of a sequence network, on separate arrays.
class SequenceFloor {
 public:
  SequenceFloor(const SequenceNetwork& network, int threads) {
    if (network.kind == SequenceNetwork::Kind::lstm) {
      lstm(network);
    } else {
      attention(network);
    }
    adam_ = std::make_unique<Adam>(parameters_);
    products_.choose(threads);
  }

  void step() {
    products_.run();
    adam_->run();
  }

 private:
  float* array(std::int64_t size) {
    arrays_.push_back(std::make_unique<Numbers>(static_cast<std::size_t>(size), 0.01f));
    return arrays_.back()->data();
  }

  /// y = x w with its gradients, on given or new arrays.
  void dense(std::int64_t rows, std::int64_t in, std::int64_t out, float* x, float* y, bool input_gradient = true) {
    float *w = array(in * out), *dy = array(rows * out);
    products_.add(false, false, rows, out, in, x, w, y);
    products_.add(true, false, in, out, rows, x, dy, array(in * out));
    if (input_gradient) products_.add(false, true, rows, in, out, dy, w, array(rows * in));
    parameters_ += (in + 1) * out;
  }

  void lstm(const SequenceNetwork& n) {
    const std::int64_t gates = 4 * n.units, rows = n.batch * n.steps;
    float *z = array(rows * gates), *h = array(rows * n.units), *dz = array(rows * gates), *dh = array(rows * n.units);
    dense(rows, n.features, gates, array(rows * n.features), z, false);
    float* w = array(n.units * gates);
    // The first step has no product, since the states are zeros.
    for (std::int64_t t = 1; t < n.steps; ++t) {
      products_.add(false, false, n.batch, gates, n.units, h + (t - 1) * n.batch * n.units, w, z + t * n.batch * gates);
    }
    for (std::int64_t t = n.steps - 1; t > 0; --t) {
      products_.add(false, true, n.batch, n.units, gates, dz + t * n.batch * gates, w,
                    dh + (t - 1) * n.batch * n.units);
    }
    products_.add(true, false, n.units, gates, rows - n.batch, h, dz + n.batch * gates, array(n.units * gates));
    parameters_ += n.units * gates;
    dense(n.batch, n.units, SequenceNetwork::classes, h, array(n.batch * SequenceNetwork::classes));
  }

  void attention(const SequenceNetwork& n) {
    const std::int64_t rows = n.batch * n.steps, width = n.features, pairs = n.batch * n.heads, size = width / n.heads;
    float* x = array(rows * width);
    for (std::int64_t l = 0; l < n.layers; ++l) {
      dense(rows, width, 3 * width, x, array(3 * rows * width), l > 0);
      // Scores and results of each head of each example: products of [steps, size] and [steps, steps].
      float *q = array(rows * width), *k = array(rows * width), *s = array(pairs * n.steps * n.steps);
      const auto scores = [&] { products_.add(false, true, n.steps, n.steps, size, q, k, s, pairs); };
      const auto results = [&](bool transposed) {
        products_.add(transposed, false, n.steps, size, n.steps, s, q, k, pairs);
      };
      scores();
      results(false);
      scores();        // the gradient of the weights, from those of the results and the values
      results(true);   // the values' gradient
      results(false);  // the queries'
      results(true);   // the keys'
      dense(rows, width, width, x, array(rows * width));
      float* hidden = array(rows * n.feed_forward);
      dense(rows, width, n.feed_forward, x, hidden);
      dense(rows, n.feed_forward, width, hidden, x);
      parameters_ += 4 * width;  // of the normalizations
    }
    dense(n.batch, width, SequenceNetwork::classes, x, array(n.batch * SequenceNetwork::classes));
  }

  std::vector<std::unique_ptr<Numbers>> arrays_;
  std::int64_t parameters_ = 0;
  std::unique_ptr<Adam> adam_;
  Products products_;
};

}  // namespace

std::function<void()> floor_step(const Network& network, int threads) {
  auto convolutions = convolution_floor(network, threads);
  if (!network.filters.empty() && !convolutions) return {};
  return [floor = std::make_shared<Floor>(network, threads, std::move(convolutions))] { floor->step(); };
}

std::function<void()> floor_step(const SequenceNetwork& network, int threads) {
  return [floor = std::make_shared<SequenceFloor>(network, threads)] { floor->step(); };
}

}  // namespace bench
