#include "libtorch/torch_modules.hpp"

#include <torch/torch.h>

#include <fstream>
#include <functional>
#include <stdexcept>

namespace torch_modules {
namespace {

namespace nn = torch::nn;
using torch::Tensor;
using X = const std::vector<Tensor>&;

struct Made {
  std::shared_ptr<nn::Module> module;
  std::vector<Tensor> inputs;
  std::function<Tensor(X)> forward;
};

/// A module of one input and one output.
template <class Holder>
Made plain(Holder holder, Tensor input) {
  return {holder.ptr(), {std::move(input)}, [holder](X x) mutable { return holder->forward(x[0]); }};
}

/// A recurrent module: the outputs of all steps.
template <class Holder>
Made sequences(Holder holder) {
  return {
      holder.ptr(), {torch::randn({2, 4, 3})}, [holder](X x) mutable { return std::get<0>(holder->forward(x[0])); }};
}

Made attention(const nn::MultiheadAttentionOptions& options, const std::vector<Tensor>& inputs) {
  nn::MultiheadAttention m(options);
  return {m.ptr(), inputs, [m](X x) mutable {
            const auto steps_first = [](const Tensor& t) { return t.transpose(0, 1); };
            return steps_first(std::get<0>(m->forward(steps_first(x[0]), steps_first(x[1]), steps_first(x[2]))));
          }};
}

/// Convolution, normalization and a classifier, with modules inside of a module.
struct NetImpl : nn::Module {
  nn::Sequential features{nn::Conv2d(nn::Conv2dOptions(2, 3, 3).bias(false)), nn::BatchNorm2d(3), nn::ReLU(),
                          nn::MaxPool2d(2)};
  nn::Linear classifier{3 * 2 * 2, 4};
  NetImpl() {
    register_module("features", features);
    register_module("classifier", classifier);
  }
  Tensor forward(const Tensor& x) { return classifier->forward(features->forward(x).flatten(1)); }
};
TORCH_MODULE(Net);

const std::map<std::string, std::function<Made()>>& all() {
  static const std::map<std::string, std::function<Made()>> modules = {
      {"linear",
       [] {
         return plain(nn::Linear(3, 4), torch::randn({2, 3}));
       }},
      {"linear_square",
       [] {
         return plain(nn::Linear(nn::LinearOptions(3, 3).bias(false)), torch::randn({2, 3}));
       }},
      {"conv1d",
       [] {
         return plain(nn::Conv1d(nn::Conv1dOptions(2, 3, 3).stride(2)), torch::randn({2, 2, 7}));
       }},
      {"conv2d",
       [] {
         return plain(nn::Conv2d(nn::Conv2dOptions(2, 3, {3, 2})), torch::randn({2, 2, 5, 4}));
       }},
      {"conv2d_groups",
       [] {
         return plain(nn::Conv2d(nn::Conv2dOptions(4, 6, 2).groups(2)), torch::randn({2, 4, 3, 4}));
       }},
      {"conv1d_groups",
       [] {
         return plain(nn::Conv1d(nn::Conv1dOptions(4, 6, 2).groups(2)), torch::randn({2, 4, 3}));
       }},
      {"depthwise2d",
       [] {
         return plain(nn::Conv2d(nn::Conv2dOptions(3, 6, {3, 2}).groups(3)), torch::randn({2, 3, 4, 4}));
       }},
      {"depthwise1d",
       [] {
         return plain(nn::Conv1d(nn::Conv1dOptions(3, 6, 3).groups(3)), torch::randn({2, 3, 5}));
       }},
      {"separable",
       [] {
         nn::Sequential m;
         m->push_back("depthwise", nn::Conv2d(nn::Conv2dOptions(3, 6, 2).groups(3).bias(false)));
         m->push_back("pointwise", nn::Conv2d(nn::Conv2dOptions(6, 4, 1)));
         return plain(m, torch::randn({2, 3, 4, 4}));
       }},
      {"conv_transpose1d",
       [] {
         return plain(nn::ConvTranspose1d(nn::ConvTranspose1dOptions(2, 3, 3).stride(2)), torch::randn({2, 2, 4}));
       }},
      {"conv_transpose2d",
       [] {
         return plain(nn::ConvTranspose2d(nn::ConvTranspose2dOptions(2, 3, {3, 2}).stride(2)),
                      torch::randn({2, 2, 3, 4}));
       }},
      {"batch_norm1d",
       [] {
         return plain(nn::BatchNorm1d(3), torch::randn({4, 3}));
       }},
      {"batch_norm2d",
       [] {
         return plain(nn::BatchNorm2d(3), torch::randn({2, 3, 2, 2}));
       }},
      {"layer_norm",
       [] {
         return plain(nn::LayerNorm(nn::LayerNormOptions({3})), torch::randn({2, 4, 3}));
       }},
      {"layer_norm_images",
       [] {
         return plain(nn::LayerNorm(nn::LayerNormOptions({2, 3, 4})), torch::randn({2, 2, 3, 4}));
       }},
      {"group_norm",
       [] {
         return plain(nn::GroupNorm(nn::GroupNormOptions(2, 4)), torch::randn({2, 4, 2, 3}));
       }},
      {"embedding",
       [] {
         return plain(nn::Embedding(5, 3), torch::tensor({{0, 4}, {2, 2}}, torch::kInt64));
       }},
      {"prelu",
       [] {
         return plain(nn::PReLU(), torch::randn({2, 3, 4, 2}));
       }},
      {"prelu_channels",
       [] {
         return plain(nn::PReLU(nn::PReLUOptions().num_parameters(3)), torch::randn({2, 3, 4, 2}));
       }},
      {"rnn", [] { return sequences(nn::RNN(nn::RNNOptions(3, 2).batch_first(true))); }},
      {"lstm", [] { return sequences(nn::LSTM(nn::LSTMOptions(3, 2).batch_first(true))); }},
      {"lstm_no_bias", [] { return sequences(nn::LSTM(nn::LSTMOptions(3, 2).batch_first(true).bias(false))); }},
      {"gru", [] { return sequences(nn::GRU(nn::GRUOptions(3, 2).batch_first(true))); }},
      {"lstm_layers", [] { return sequences(nn::LSTM(nn::LSTMOptions(3, 2).batch_first(true).num_layers(2))); }},
      {"lstm_bidirectional",
       [] { return sequences(nn::LSTM(nn::LSTMOptions(3, 2).batch_first(true).bidirectional(true))); }},
      {"gru_bidirectional",
       [] { return sequences(nn::GRU(nn::GRUOptions(3, 2).batch_first(true).bidirectional(true))); }},
      {"lstm_cell",
       []() -> Made {
         nn::LSTMCell m(3, 2);
         return {m.ptr(), {torch::randn({2, 3}), torch::randn({2, 2}), torch::randn({2, 2})}, [m](X x) mutable {
                   return std::get<0>(m->forward(x[0], std::make_tuple(x[1], x[2])));
                 }};
       }},
      {"gru_cell",
       []() -> Made {
         nn::GRUCell m(3, 2);
         return {m.ptr(), {torch::randn({2, 3}), torch::randn({2, 2})}, [m](X x) mutable {
                   return m->forward(x[0], x[1]);
                 }};
       }},
      {"attention",
       [] {
         const Tensor x = torch::randn({2, 3, 4});
         return attention(nn::MultiheadAttentionOptions(4, 2), {x, x, x});
       }},
      // This version refuses keys and values of different sizes.
      {"attention_inputs",
       [] {
         return attention(nn::MultiheadAttentionOptions(4, 2).kdim(3).vdim(3),
                          {torch::randn({2, 3, 4}), torch::randn({2, 2, 3}), torch::randn({2, 2, 3})});
       }},
      {"attention_no_bias",
       [] {
         const Tensor x = torch::randn({2, 3, 4});
         return attention(nn::MultiheadAttentionOptions(4, 2).bias(false), {x, x, x});
       }},
      {"net",
       [] {
         return plain(Net(), torch::randn({2, 2, 6, 6}));
       }},
  };
  return modules;
}

using State = std::vector<std::pair<std::string, Tensor>>;

State state_of(const nn::Module& module) {
  State state;
  for (const auto& item : module.named_parameters()) state.emplace_back("m." + item.key(), item.value());
  for (const auto& item : module.named_buffers()) state.emplace_back("m." + item.key(), item.value());
  return state;
}

/// Numbers of which none are zeros or ones, as PyTorch's biases and normalizations would be.
Made randomized(const std::string& name) {
  torch::NoGradGuard no_gradients;
  Made made = all().at(name)();
  made.module->eval();
  for (auto& [key, value] : state_of(*made.module)) {
    if (!value.is_floating_point()) continue;
    value.uniform_(-0.8, 0.8);
    if (key.find("running_var") != std::string::npos) value.add_(1.3);
  }
  return made;
}

Array to_array(const Tensor& tensor) {
  const Tensor c = tensor.detach().to(torch::kFloat64).contiguous();
  const auto* data = c.data_ptr<double>();
  return {{data, data + c.numel()}, {c.sizes().begin(), c.sizes().end()}};
}

void write(const c10::Dict<std::string, Tensor>& tensors, const std::string& path) {
  const auto bytes = torch::pickle_save(tensors);
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

std::vector<std::string> names() {
  std::vector<std::string> each;
  for (const auto& module : all()) each.push_back(module.first);
  return each;
}

Computed save(const std::string& name, const std::string& path) {
  torch::NoGradGuard no_gradients;
  Made made = randomized(name);
  c10::Dict<std::string, Tensor> tensors;
  for (const auto& [key, value] : state_of(*made.module)) tensors.insert(key, value.detach());
  write(tensors, path);
  Computed computed;
  for (const auto& input : made.inputs) computed.inputs.push_back(to_array(input));
  computed.output = to_array(made.forward(made.inputs));
  return computed;
}

Array run(const std::string& name, const std::map<std::string, Array>& state, const std::vector<Array>& inputs) {
  torch::NoGradGuard no_gradients;
  Made made = randomized(name);
  std::size_t found = 0;
  for (auto& [key, value] : state_of(*made.module)) {
    const auto at = state.find(key);
    if (at == state.end() || torch::IntArrayRef(at->second.shape) != value.sizes()) {
      throw std::invalid_argument(name + ": the state dict does not have " + key + " of its shape");
    }
    value.copy_(torch::tensor(at->second.values, torch::kFloat64).reshape(at->second.shape));
    ++found;
  }
  if (found != state.size()) throw std::invalid_argument(name + ": the state dict has more than the module");
  std::vector<Tensor> x;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    x.push_back(torch::tensor(inputs[i].values, torch::kFloat64).reshape(inputs[i].shape).to(made.inputs[i].dtype()));
  }
  return to_array(made.forward(x));
}

void save_all(const std::string& path) {
  torch::NoGradGuard no_gradients;
  torch::manual_seed(14);
  c10::Dict<std::string, Tensor> tensors;
  for (const auto& name : names()) {
    Made made = randomized(name);
    for (const auto& [key, value] : state_of(*made.module)) tensors.insert(name + ".state." + key, value.detach());
    for (std::size_t i = 0; i < made.inputs.size(); ++i) {
      tensors.insert(name + ".input." + std::to_string(i), made.inputs[i]);
    }
    tensors.insert(name + ".output", made.forward(made.inputs).contiguous());
  }
  write(tensors, path);
}

}  // namespace torch_modules
