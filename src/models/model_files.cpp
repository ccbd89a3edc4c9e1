// Whole models and weights in files: Model::save, save_weights, load_weights, and models::load_model.
#include <chrono>
#include <filesystem>

#include <fmt/chrono.h>

#include "base/check.hpp"
#include "base/files.hpp"
#include "io/config_json.hpp"
#include "io/hdf5.hpp"
#include "io/zip_reader.hpp"
#include "io/zip_writer.hpp"
#include "layers/layer_state.hpp"
#include "models/compile_config.hpp"
#include "models/keras_weights.hpp"
#include "models/model_config.hpp"
#include "models/named_weights.hpp"
#include "models/pytorch_weights.hpp"
#include "models/train_state.hpp"
#include "xtape/base/from_config.hpp"
#include "xtape/io/limits.hpp"
#include "xtape/io/pytorch.hpp"
#include "xtape/io/safetensors.hpp"
#include "xtape/models/load_model.hpp"
#include "xtape/version.hpp"

namespace xtape {
namespace {

/// A member of a .keras archive. Throws a DataError if it is missing.
std::shared_ptr<const detail::FileBytes> member_of(detail::ZipReader& zip, const char* method, const char* name) {
  const auto* member = zip.find(name);
  if (member == nullptr) {
    detail::fail<DataError>(method, "{}: expected a model saved by Keras 3, found no {} in the archive", zip.path(),
                            name);
  }
  return zip.bytes(*member);
}

/// Runs f; a ValueError in it, which is about what the file holds, becomes a DataError with the name of the file.
template <class F>
auto in_file(const char* method, const std::string& path, F&& f) {
  try {
    return f();
  } catch (const ValueError& error) {
    detail::fail<DataError>(method, "{}: {}", path, detail::Whole{error.message()});
  } catch (const TypeError& error) {
    detail::fail<DataError>(method, "{}: {}", path, detail::Whole{error.message()});
  } catch (const IndexError& error) {
    detail::fail<DataError>(method, "{}: {}", path, detail::Whole{error.message()});
  }
}

bool is_hdf5(const std::string& path) { return path.ends_with(".h5") || path.ends_with(".hdf5"); }

constexpr const char* weights_member = "model.weights.h5";

/// Whether a layout is "pytorch"; throws a ValueError for another one.
bool is_pytorch(const char* method, const std::string& layout) {
  if (!layout.empty() && layout != "pytorch") {
    detail::fail<ValueError>(method, "expected the layout \"pytorch\" or \"\", received \"{}\"", layout);
  }
  return !layout.empty();
}

/// The tensors of a file of named ones, or of several by their index.
io::NamedTensors tensors_in(const char* method, const std::string& path) {
  const bool index = path.ends_with(".json");
  if (path.ends_with(".safetensors") || (index && path.find(".bin.index") == std::string::npos)) {
    return io::load_safetensors(path).tensors;
  }
  if (index || path.ends_with(".pt") || path.ends_with(".pth") || path.ends_with(".bin")) return io::load_pytorch(path);
  detail::fail<ValueError>(method,
                           "expected a path that ends with .safetensors, .pt, .pth, .bin, .index.json, .weights.h5, "
                           ".keras or .h5, received \"{}\"",
                           path);
}

void check_built(const Model& model, const char* method) {
  if (model.built() || !model.variables().empty()) return;
  detail::fail<ValueError>(method, "the model '{}' is not built yet and has no weights: call it first, or build_for()",
                           model.name());
}

constexpr const char* method_load = "load_model";

/// Compiles a loaded model as its file says, and restores the optimizer.
void restore_compiled(Model& model, const Config& config, const detail::Hdf5Reader& weights) {
  detail::compile_from_config(model, config);
  optimizers::Optimizer& optimizer = model.optimizer();
  optimizer.build(model.trainable_variables());
  detail::assign_all(weights, detail::match_keras_optimizer(method_load, weights, optimizer), false);
}

/// Weights of another dtype than those in the file may be up to four times as large.
detail::WeightBudget budget_of(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  return detail::WeightBudget(error ? 0 : 4 * size + (std::uint64_t{1} << 20));
}

/// The model of a file's config, with the file's weights, and compiled as `compiled` says, which may be none.
Model loaded(const std::string& path, const ConfigValue& config, const detail::Hdf5Reader& weights,
             const ConfigValue& compiled) {
  Model model = in_file(method_load, path, [&] {
    const auto budget = budget_of(path);
    return models::model_from_config(detail::config_of(config));
  });
  LoadedWeights report;
  detail::assign_all(weights, detail::match_keras_weights(method_load, weights, model, {}, report), false);
  if (!compiled.is_none()) {
    in_file(method_load, path, [&] { restore_compiled(model, detail::config_of(compiled), weights); });
  }
  return model;
}

Model load_keras(const std::string& path, const models::LoadModelOptions& options) {
  detail::ZipReader zip(method_load, path);
  const ConfigValue config = detail::parse_config(detail::read_all(*member_of(zip, method_load, "config.json")), path);
  const detail::Hdf5Reader weights(method_load, member_of(zip, method_load, weights_member));
  const auto* model = config.get<Config>();
  return loaded(path, config, weights,
                options.compile && model != nullptr ? model->attached("compile_config") : ConfigValue());
}

/// A whole model in the HDF5 format of Keras 1 and 2, which Keras 3 still writes.
Model load_legacy(const std::string& path, const models::LoadModelOptions& options) {
  const detail::Hdf5Reader file(method_load, path);
  const auto json = file.text_attribute("", "model_config");
  if (!json) {
    detail::fail<DataError>(method_load,
                            "{}: the file has weights only, no model: make the model and call load_weights()", path);
  }
  const auto training = file.text_attribute("", "training_config");
  return loaded(path, detail::parse_config(*json, path), file,
                options.compile && training ? detail::parse_config(*training, path) : ConfigValue());
}

}  // namespace

void Model::save(const std::string& path, const SaveOptions& options) const {
  constexpr const char* method = "Model.save";
  if (!path.ends_with(".keras")) {
    detail::fail<ValueError>(method,
                             "expected a path that ends with .keras, received \"{}\"; save_weights() has other "
                             "formats",
                             path);
  }
  check_built(*this, method);
  if (!options.overwrite && detail::is_there(method, path)) {
    detail::fail<DataError>(method, "{} exists already", path);
  }
  Config whole = config();
  const auto& train = model_state().train;
  if (train != nullptr) whole.attach("compile_config", detail::compile_config(*train));
  const std::string json = detail::config_json(detail::keras_form(whole));
  detail::Hdf5Writer weights(method);
  Model handle = *this;
  detail::write_keras_weights(weights, handle);
  if (train != nullptr && options.include_optimizer && train->optimizer->built()) {
    detail::write_keras_optimizer(weights, *train->optimizer);
  }
  const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  const std::string metadata = fmt::format(
      "{{\"keras_version\": \"3.0.0\", \"date_saved\": \"{:%Y-%m-%d@%H:%M:%S}\", \"saved_by\": \"xtape {}.{}.{}\"}}",
      fmt::gmtime(now), XTAPE_VERSION_MAJOR, XTAPE_VERSION_MINOR, XTAPE_VERSION_PATCH);
  detail::ZipWriter zip(method, path);
  zip.add("metadata.json", metadata, {}, false);
  zip.add("config.json", json, {}, false);
  zip.add(weights_member, weights.take(), {}, false);
  zip.commit();
}

void Model::save_weights(const std::string& path, const SaveWeightsOptions& options) const {
  constexpr const char* method = "Model.save_weights";
  const bool pytorch = is_pytorch(method, options.layout);
  check_built(*this, method);
  Model handle = *this;
  if (path.ends_with(".weights.h5") && !pytorch) {
    detail::Hdf5Writer file(method, path);
    detail::write_keras_weights(file, handle);
    file.commit();
    return;
  }
  if (!path.ends_with(".safetensors")) {
    detail::fail<ValueError>(method, "expected a path that ends with {}.safetensors, received \"{}\"",
                             pytorch ? "" : ".weights.h5, as Keras 3 does, or ", path);
  }
  if (pytorch) {
    io::save_safetensors(path, detail::pytorch_state_dict(method, handle), {{"format", "pt"}});
    return;
  }
  io::NamedTensors tensors;
  for (const auto& [weight, variable] : detail::named_weights(*this)) tensors.emplace_back(weight, variable.peek());
  io::save_safetensors(path, tensors, {{"format", "xtape"}});
}

LoadedWeights Model::load_weights(const std::string& path, const LoadWeightsOptions& options) {
  constexpr const char* method = "Model.load_weights";
  const bool pytorch = is_pytorch(method, options.layout);
  const bool keras = is_hdf5(path) || path.ends_with(".keras");
  if (keras && (pytorch || !options.rename.empty())) {
    detail::fail<ValueError>(method, "{}: expected no {} for a file of Keras, whose layers have their places in it",
                             path, pytorch ? "layout" : "rename");
  }
  check_built(*this, method);
  LoadedWeights report;
  Model handle = *this;
  if (path.ends_with(".keras")) {
    detail::ZipReader zip(method, path);
    const detail::Hdf5Reader file(method, member_of(zip, method, weights_member));
    detail::assign_all(file, detail::match_keras_weights(method, file, handle, options, report), true);
  } else if (keras) {
    const detail::Hdf5Reader file(method, path);
    detail::assign_all(file, detail::match_keras_weights(method, file, handle, options, report), true);
  } else {
    const auto match = pytorch ? detail::match_pytorch_weights : detail::match_names;
    detail::assign_all(match(method, path, tensors_in(method, path), handle, options, report));
  }
  return report;
}

namespace models {

Model load_model(const std::string& path, const LoadModelOptions& options) {
  if (path.ends_with(".keras")) return load_keras(path, options);
  if (is_hdf5(path)) return load_legacy(path, options);
  detail::fail<ValueError>("load_model", "expected a path that ends with .keras or .h5, received \"{}\"", path);
}

}  // namespace models
}  // namespace xtape
