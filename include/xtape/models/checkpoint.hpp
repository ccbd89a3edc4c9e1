#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "xtape/core/random.hpp"
#include "xtape/models/model.hpp"

namespace xtape {

/// All that a training depends on, in one file (tf.train.Checkpoint): the weights, the optimizer's variables, the state
/// of the random numbers (the default generator's, and those of layers with a seed of their own), and what is added to
/// it. A training that is restored goes on bit for bit as if it had never stopped.
///
///     xp::Variable step(std::int64_t{0}, {.trainable = false});
///     xp::Checkpoint checkpoint(model, optimizer);
///     checkpoint.add("step", step);
///     if (checkpoint.restore("run.safetensors")) fmt::print("going on from step {}\n",
///     step.peek().item<std::int64_t>());
///     ...
///     checkpoint.save("run.safetensors");
///
/// The file is in the safetensors format and appears whole or not at all: a kill at any moment leaves the old one or
/// the new one. It refers to what it was made of, which must outlive it.
class Checkpoint {
 public:
  Checkpoint(Model& model, optimizers::Optimizer& optimizer) : model_(&model), optimizer_(&optimizer) {}
  /// With the optimizer of compile().
  explicit Checkpoint(Model& model) : Checkpoint(model, model.optimizer()) {}

  /// Adds a variable, or a generator, under a name. Throws a ValueError for a name that is taken.
  void add(const std::string& name, const Variable& variable);
  void add(const std::string& name, random::Generator& generator);

  /// Throws a ValueError before the model is built, a DataError that names the file when it cannot be written.
  void save(const std::string& path) const;

  /// Restores everything, and builds the optimizer for the model's trainable variables if need be. Returns false, and
  /// does nothing, where there is no such file; anything else is an error, so that a training does not start over
  /// unnoticed. Throws a ValueError before the model is built and, before anything has changed, a DataError for a file
  /// that cannot be looked for (in a folder that may not be searched, say) or read, is damaged or of another training,
  /// listing what does not match.
  bool restore(const std::string& path);

 private:
  using Named = std::vector<std::pair<std::string, Variable>>;
  using Generators = std::vector<std::pair<std::string, random::Generator*>>;

  void check_new(const std::string& name) const;
  void check_built(const char* method) const;
  Named all_variables() const;
  Generators all_generators() const;

  Model* model_;
  optimizers::Optimizer* optimizer_;
  Named variables_;
  Generators generators_;
};

}  // namespace xtape
