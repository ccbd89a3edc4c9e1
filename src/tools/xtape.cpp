// The program `xtape`: what is in files of models and tensors, and conversions between them.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "xtape/base/error.hpp"
#include "xtape/base/format.hpp"
#include "xtape/core/format.hpp"
#include "xtape/io/hdf5.hpp"
#include "xtape/io/npy.hpp"
#include "xtape/io/npz.hpp"
#include "xtape/io/pytorch.hpp"
#include "xtape/io/safetensors.hpp"
#include "xtape/models/load_model.hpp"
#include "xtape/onnx/load.hpp"
#include "xtape/plot/plot_model.hpp"
#include "xtape/version.hpp"

namespace {

namespace xp = xtape;
namespace fs = std::filesystem;

/// A mistake of the user's, with what to do instead.
struct UsageError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string extension(const std::string& path) {
  std::string end = fs::path(path).extension().string();
  std::transform(end.begin(), end.end(), end.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return end;
}

bool is_model(const std::string& path) {
  return extension(path) == ".keras" || extension(path) == ".onnx" ||
         (extension(path) == ".h5" && !path.ends_with(".weights.h5"));
}

xp::Model load_model(const std::string& path, const xp::models::LoadModelOptions& options = {}) {
  return extension(path) == ".onnx" ? xp::onnx::load(path) : xp::models::load_model(path, options);
}

/// How each kind of file with tensors is read and, where xtape can, written.
struct TensorFormat {
  std::function<xp::io::NamedTensors(const std::string&)> load;
  std::function<void(const std::string&, const xp::io::NamedTensors&)> save;
};

const std::map<std::string, TensorFormat>& tensor_formats() {
  const auto load_torch = [](const std::string& path) { return xp::io::load_pytorch(path); };
  const auto load_onnx = [](const std::string& path) {
    xp::io::NamedTensors weights;
    for (const auto& variable : xp::onnx::load(path).variables())
      weights.emplace_back(variable.name(), variable.peek());
    return weights;
  };
  static const std::map<std::string, TensorFormat> formats = {
      {".safetensors",
       {[](const std::string& path) { return xp::io::load_safetensors(path).tensors; },
        [](const std::string& path, const xp::io::NamedTensors& tensors) { xp::io::save_safetensors(path, tensors); }}},
      {".npz",
       {xp::io::load_npz, [](const std::string& path, const xp::io::NamedTensors& t) { xp::io::save_npz(path, t); }}},
      {".npy",
       {[](const std::string& path) -> xp::io::NamedTensors {
          return {{"", xp::io::load_npy(path)}};
        },
        [](const std::string& path, const xp::io::NamedTensors& tensors) {
          if (tensors.size() != 1) throw UsageError("a .npy file holds one tensor: use .npz");
          xp::io::save_npy(path, tensors.front().second);
        }}},
      {".h5", {xp::io::load_hdf5, xp::io::save_hdf5}},
      {".hdf5", {xp::io::load_hdf5, xp::io::save_hdf5}},
      {".keras", {xp::io::load_hdf5, {}}},
      {".onnx", {load_onnx, {}}},
      {".pt", {load_torch, {}}},
      {".pth", {load_torch, {}}},
      {".bin", {load_torch, {}}},
  };
  return formats;
}

xp::io::NamedTensors load_tensors(const std::string& path) {
  // An index of several files is JSON, but its tensors are safetensors.
  if (path.ends_with(".safetensors.index.json")) return xp::io::load_safetensors(path).tensors;
  const auto format = tensor_formats().find(extension(path));
  if (format == tensor_formats().end()) {
    throw UsageError(
        fmt::format("{}: unknown kind of file, expected .keras, .h5, .onnx, .safetensors, .pt, .npz or .npy", path));
  }
  return format->second.load(path);
}

std::string readable_bytes(double bytes) {
  for (const char* unit : {"bytes", "KB", "MB", "GB"}) {
    if (bytes < 1024) return fmt::format("{:.{}f} {}", bytes, bytes < 10 && unit[0] != 'b' ? 1 : 0, unit);
    bytes /= 1024;
  }
  return fmt::format("{:.1f} TB", bytes);
}

void print_tensors(const xp::io::NamedTensors& tensors) {
  std::size_t width = 0;
  std::int64_t elements = 0;
  double bytes = 0;
  for (const auto& [name, tensor] : tensors) width = std::max(width, name.size());
  for (const auto& [name, tensor] : tensors) {
    fmt::print("  {:<{}}  {:<9} {}\n", name, width, fmt::format("{}", tensor.dtype()), tensor.shape());
    elements += tensor.size();
    bytes += static_cast<double>(tensor.size()) * static_cast<double>(xp::itemsize(tensor.dtype()));
  }
  fmt::print("{} tensors, {} elements, {}\n", tensors.size(), elements, readable_bytes(bytes));
}

void print_ports(const char* what, const xp::SymbolicList& ports) {
  for (const auto& port : ports) {
    std::string sizes;
    for (const auto size : port.shape()) {
      sizes += fmt::format("{}{}", sizes.empty() ? "" : ", ", size < 0 ? "None" : std::to_string(size));
    }
    fmt::print("{} {}: {} [{}]\n", what, port.name(), name(port.dtype()), sizes);
  }
}

void info(const std::string& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  if (error) throw UsageError(fmt::format("{}: {}", path, error.message()));
  fmt::print("{}, {}\n", path, readable_bytes(static_cast<double>(size)));
  if (is_model(path)) {
    try {
      const xp::Model model = load_model(path);
      fmt::print("{}\n", model.summary_text());
      print_ports("input", model.inputs());
      print_ports("output", model.outputs());
      if (extension(path) == ".onnx") return;
      if (model.compiled()) {
        const auto& optimizer = model.optimizer();
        fmt::print("optimizer: {} after {} steps, learning rate {}\n", optimizer.config().class_name(),
                   optimizer.iterations(), optimizer.learning_rate());
      } else {
        fmt::print("not compiled\n");
      }
      return;
    } catch (const xp::Error& problem) {  // a class of the user's, or weights alone: the tensors are there nevertheless
      fmt::print("the layers cannot be shown: {}\n", problem.message());
    }
  }
  if (extension(path) == ".safetensors") {
    const auto file = xp::io::load_safetensors(path);
    for (const auto& [key, value] : file.metadata) fmt::print("  {}: {}\n", key, value);
  }
  print_tensors(load_tensors(path));
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  if (!file.flush()) throw UsageError(fmt::format("{}: cannot be written", path));
}

void convert(const std::string& from, const std::string& to) {
  const std::string kind = extension(to);
  if (is_model(from) && (kind == ".keras" || kind == ".json" || kind == ".onnx" || to.ends_with(".weights.h5") ||
                         kind == ".safetensors")) {
    const xp::Model model = load_model(from);
    if (kind == ".keras") {
      model.save(to);
    } else if (kind == ".json") {
      write_text(to, model.to_json());
    } else if (kind == ".onnx") {
      model.export_onnx(to);
    } else {
      model.save_weights(to);
    }
  } else {
    const auto format = tensor_formats().find(kind);
    if (format == tensor_formats().end() || !format->second.save) {
      throw UsageError(
          fmt::format("{}: expected a path that ends with .safetensors, .npz, .npy or .h5, or for a model "
                      ".keras, .weights.h5, .onnx or .json",
                      to));
    }
    format->second.save(to, load_tensors(from));
  }
  fmt::print("wrote {}\n", to);
}

void predict(const std::string& path, const std::vector<std::string>& inputs, const std::string& output) {
  xp::Model model = load_model(path, {.compile = false});
  xp::TensorList x;
  for (const auto& input : inputs) {
    if (extension(input) == ".npz") {
      for (const auto& [name, tensor] : xp::io::load_npz(input)) x.push_back(tensor);
    } else {
      x.push_back(xp::io::load_npy(input));
    }
  }
  const xp::TensorList y = model.predict(x);
  if (output.empty()) {
    for (std::size_t i = 0; i < y.size(); ++i) fmt::print("{}\n", y[i]);
  } else if (extension(output) == ".npz" || y.size() > 1) {
    xp::io::NamedTensors named;
    for (std::size_t i = 0; i < y.size(); ++i) named.emplace_back(fmt::format("output_{}", i), y[i]);
    xp::io::save_npz(output, named);
  } else {
    xp::io::save_npy(output, y.only());
  }
}

void plot(const std::string& path, const std::string& output, const xp::PlotModelOptions& options) {
  const xp::Model model = load_model(path, {.compile = false});
  if (extension(output) == ".dot") {
    write_text(output, xp::model_to_dot(model, options));
  } else if (!xp::plot_model(model, output, options)) {
    throw UsageError("Graphviz's dot is not installed (Debian: graphviz): write a .dot file instead");
  }
  fmt::print("wrote {}\n", output);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program("Looks into files of models and tensors, and converts them.", "xtape");
  program.require_subcommand(1);
  program.set_version_flag(
      "--version", fmt::format("xtape {}.{}.{}", XTAPE_VERSION_MAJOR, XTAPE_VERSION_MINOR, XTAPE_VERSION_PATCH));
  std::string file, to, output;
  std::vector<std::string> inputs;
  xp::PlotModelOptions plot_options;

  auto* info_command =
      program.add_subcommand("info", "What is in a .keras, .h5, .onnx, .safetensors, .pt, .npz or .npy file");
  info_command->add_option("FILE", file)->required();
  info_command->callback([&] { info(file); });

  auto* summary_command = program.add_subcommand("summary", "The layers of a model in a .keras, .h5 or .onnx file");
  summary_command->add_option("MODEL", file)->required();
  summary_command->callback([&] { fmt::print("{}\n", load_model(file, {.compile = false}).summary_text()); });

  auto* convert_command = program.add_subcommand(
      "convert", "A model to .keras, .weights.h5, .safetensors or .json; tensors to .safetensors, .npz, .npy or .h5");
  convert_command->add_option("FROM", file)->required();
  convert_command->add_option("TO", to)->required();
  convert_command->callback([&] { convert(file, to); });

  auto* predict_command =
      program.add_subcommand("predict", "The predictions of a model for rows of .npy or .npz files");
  predict_command->add_option("MODEL", file)->required();
  predict_command->add_option("INPUT", inputs, "one .npy for each input of the model, or one .npz")->required();
  predict_command->add_option("-o,--output", output, "a .npy or .npz file; otherwise they are printed");
  predict_command->callback([&] { predict(file, inputs, output); });

  auto* plot_command = program.add_subcommand("plot", "A picture of a model: .png or .svg (with Graphviz), or .dot");
  plot_command->add_option("MODEL", file)->required();
  plot_command->add_option("PICTURE", to)->required();
  plot_command->add_flag("--shapes", plot_options.show_shapes, "with the shapes of inputs and outputs");
  plot_command->callback([&] { plot(file, to, plot_options); });

  try {
    CLI11_PARSE(program, argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "xtape: {}\n", error.what());
    return 1;
  }
  return 0;
}
