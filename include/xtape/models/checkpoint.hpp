#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "xtape/core/random.hpp"
#include "xtape/metrics/metric.hpp"
#include "xtape/models/model.hpp"

namespace xtape {

/// The whole state of a training in one file (tf.train.Checkpoint): the weights, the optimizer's variables, the random
/// generators (the default one and those of layers with a seed), and what add() adds. A restored training continues bit
/// for bit as if it had never stopped.
///
///     xp::Variable step(std::int64_t{0}, {.trainable = false});
///     xp::Checkpoint checkpoint(model, optimizer);
///     checkpoint.add("step", step);
///     if (checkpoint.restore("run.safetensors")) fmt::print("continues from step {}\n", step.peek().item());
///     ...
///     checkpoint.save("run.safetensors");
///
/// The file is in the safetensors format. It is replaced as a whole: a process killed at any moment leaves the old file
/// or the new one. The checkpoint only refers to the model, the optimizer and what was added, which must outlive it.
class Checkpoint {
 public:
  Checkpoint(Model& model, optimizers::Optimizer& optimizer) : model_(&model), optimizer_(&optimizer) {}
  /// With the optimizer of compile().
  explicit Checkpoint(Model& model) : Checkpoint(model, model.optimizer()) {}

  /// Adds a variable, a generator, a metric, or another model or optimizer under a name, as for the two networks of a
  /// GAN:
  ///
  ///     xp::Checkpoint checkpoint(generator, generator_optimizer);
  ///     checkpoint.add("discriminator", discriminator);
  ///     checkpoint.add("discriminator_optimizer", discriminator_optimizer);
  ///
  /// Throws a ValueError for a name that is taken. An added optimizer must have been built before restore().
  void add(const std::string& name, const Variable& variable);
  void add(const std::string& name, random::Generator& generator);
  /// A metric that is saved between two epochs need not be added: fit() resets the metrics of compile().
  void add(const std::string& name, metrics::Metric& metric);
  void add(const std::string& name, Model& model);
  void add(const std::string& name, optimizers::Optimizer& optimizer);

  /// Writes the file. Throws a ValueError before the model is built, a DataError that names the file when it cannot be
  /// written.
  void save(const std::string& path) const;

  /// Restores everything, and builds the optimizer for the model's trainable variables if necessary. Returns false and
  /// does nothing if there is no such file. Any other failure throws, so that a training does not start over unnoticed:
  /// a ValueError before the model is built; a DataError for a file that cannot be accessed or read, is damaged, or is
  /// from another training, with a list of what does not match. Nothing has changed then.
  bool restore(const std::string& path);

 private:
  using Named = std::vector<std::pair<std::string, Variable>>;
  using Generators = std::vector<std::pair<std::string, random::Generator*>>;

  void check_new(const std::string& name) const;
  static void add_optimizer(Named& all, const std::string& prefix, const optimizers::Optimizer& optimizer);
  void check_built(const char* method) const;
  Named all_variables() const;
  Generators all_generators() const;

  Model* model_;
  optimizers::Optimizer* optimizer_;
  Named variables_;
  Generators generators_;
  std::vector<std::pair<std::string, metrics::Metric*>> metrics_;
  std::vector<std::pair<std::string, Model*>> models_;
  std::vector<std::pair<std::string, optimizers::Optimizer*>> optimizers_;
};

}  // namespace xtape
