#pragma once

#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include "xtape/layers/layer.hpp"
#include "xtape/layers/symbolic.hpp"
#include "xtape/models/export_onnx_options.hpp"
#include "xtape/models/history.hpp"
#include "xtape/models/saving.hpp"
#include "xtape/models/training.hpp"

namespace xtape {

namespace detail {
class BatchSource;
class FunctionalGraph;
struct ModelState;
class TrainState;
}  // namespace detail

/// The base of models (keras.Model): a subclass tracks its layers as members and writes `call`.
///
///     struct MLP : xp::Model {
///       xp::layers::Dense dense1 = track(xp::layers::Dense(100, {.activation = xp::nn::relu}));
///       xp::layers::Dense dense2 = track(xp::layers::Dense(10));
///       xp::Tensor call(const xp::Tensor& x) override { return dense2(dense1(x)); }
///     };
///
/// Without a subclass it is made of symbolic tensors, in the functional style:
///
///     auto inputs = xp::Input({784});
///     auto outputs = xp::layers::Dense(10)(xp::layers::Dense(100, {.activation = "relu"})(inputs));
///     xp::Model model(inputs, outputs);
///
/// It is trained by fit, after compile, or by a user's own loop with a GradientTape:
///
///     model.compile({.optimizer = "adam", .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"}});
///     auto history = model.fit(x_train, y_train, {.epochs = 5, .validation_data = {x_test, y_test}});
///
/// A model is a layer: it can be called, also with symbolic tensors, tracked by another model, and frozen. Copies of it
/// are the same model. So is a plain Model that is made from a model of a derived class, whose functions it calls:
///
///     xp::Model build(bool deep) { return deep ? xp::Model(Deep()) : xp::Model(xp::Sequential{...}); }
class Model : public LayerBase<Model> {
 public:
  /// The model that computes `outputs` from `inputs` by the layers between them. Throws a ValueError when an output
  /// depends on an Input that is not among `inputs`.
  Model(const SymbolicList& inputs, const SymbolicList& outputs, std::string name = "");
  Model(const Model& other);
  Model(Model&& other) noexcept;
  Model& operator=(const Model& other) = default;
  Model& operator=(Model&&) noexcept = default;
  /// A handle of a model of a derived class, of which it keeps a copy. (A Model that is made from a Model& to such a
  /// model keeps no copy: it uses any existing handle of the derived class.)
  template <class M>
  requires(std::derived_from<std::remove_cvref_t<M>, Model> && !std::same_as<std::remove_cvref_t<M>, Model>)
      Model(M&& model)
      : Model(static_cast<const Model&>(model)) {
    keep<std::remove_cvref_t<M>>(std::forward<M>(model));
  }
  template <class M>
  requires(std::derived_from<std::remove_cvref_t<M>, Model> && !std::same_as<std::remove_cvref_t<M>, Model>) Model&
  operator=(M&& model) {
    return *this = Model(std::forward<M>(model));
  }

  /// A handle of a model in an AnyLayer. Throws a ValueError for a layer that is no model.
  explicit Model(AnyLayer model);

  /// Sets how fit trains (keras.Model.compile); replaces all settings of an earlier compile. Throws a ValueError for
  /// losses, weights and metrics that do not match the model's outputs. The outputs of a model that is not functional
  /// are known only after its first batch, so fit throws then.
  void compile(const CompileOptions& options = {});
  void compile(AnyOptimizer optimizer, Losses loss = {}, Metrics metrics = {}) {
    compile({.optimizer = std::move(optimizer), .loss = std::move(loss), .metrics = std::move(metrics)});
  }

  /// Trains the model on x and y, one row per sample, in batches, and returns the logs of all epochs.
  ///
  /// y has the labels of each output; those of outputs with neither loss nor metrics may be omitted or empty. A model
  /// whose loss comes from add_loss() or from its own train_step needs no y.
  ///
  /// Throws a RuntimeError before compile(); a ValueError, before anything has changed, for options out of range and
  /// for data whose numbers of rows differ. An exception from a callback, the data or the model ends the training. The
  /// batches before it have been trained on.
  ///
  /// (A template, so that in `fit(x, {.epochs = 5})` the braces are options.)
  template <std::convertible_to<TensorList> Y = TensorList>
  History fit(const TensorList& x, const Y& y, const FitOptions& options = {}) {
    return fit_arrays(x, y, options);
  }
  History fit(const TensorList& x, const FitOptions& options = {}) { return fit_arrays(x, {}, options); }
  History fit(const data::TensorDataset& data, const FitOptions& options = {}) { return fit(data.x, data.y, options); }
  /// The same on a dataset of batches: elements x, (x, y) or (x, y, sample_weight). The dataset defines the batches and
  /// their order, so the options batch_size, shuffle, validation_split and sample_weight do not apply. An infinite
  /// dataset needs steps_per_epoch. Throws a ValueError for an epoch, or a validation, without a batch.
  History fit(const data::AnyDataset& batches, const FitOptions& options = {});

  /// The loss and the metrics over all rows, in test mode. Several threads may evaluate one model; they take turns,
  /// since they share its metrics. Throws a ValueError for data without rows.
  template <std::convertible_to<TensorList> Y = TensorList>
  Logs evaluate(const TensorList& x, const Y& y, const EvaluateOptions& options = {}) {
    return evaluate_arrays(x, y, options);
  }
  Logs evaluate(const TensorList& x, const EvaluateOptions& options = {}) { return evaluate_arrays(x, {}, options); }
  Logs evaluate(const data::TensorDataset& data, const EvaluateOptions& options = {}) {
    return evaluate(data.x, data.y, options);
  }
  Logs evaluate(const data::AnyDataset& batches, const EvaluateOptions& options = {});

  /// The model's output for all rows of x, computed in batches, with training = false and without recording. Throws a
  /// ValueError for a batch size below 1 or a scalar x. Several threads may predict with one model at once.
  Tensor predict(const Tensor& x, const PredictOptions& options = {});
  TensorList predict(const TensorList& x, const PredictOptions& options = {});

  /// One training step on one batch; the logs are those of this batch alone.
  Logs train_on_batch(const TensorList& x, const TensorList& y = {}, const Tensor& sample_weight = {},
                      const std::map<std::int64_t, double>& class_weight = {});
  Logs test_on_batch(const TensorList& x, const TensorList& y = {}, const Tensor& sample_weight = {});

  /// The optimizer given to compile(). Throws a RuntimeError before it.
  optimizers::Optimizer& optimizer() const&;
  optimizers::Optimizer& optimizer() const&& = delete;  // would be gone with the model
  bool compiled() const noexcept;

  /// The metrics that are reset at the beginning of an epoch, a validation or an evaluation: the running mean of the
  /// loss, those of the losses of several outputs, the metrics of compile(), and the tracked metrics. A model may
  /// override it to add others.
  virtual std::vector<std::shared_ptr<metrics::Metric>> metrics() const;
  void reset_metrics();
  /// The values of metrics() under their names.
  Logs get_metrics_result() const;

  /// Whether fit ends after this epoch; callbacks set it.
  bool stop_training() const;
  void set_stop_training(bool stop);

  /// The layers that the model tracks.
  std::vector<Layer*> layers() const&;
  std::vector<Layer*> layers() const&& = delete;  // would be gone with the model
  /// The layer of a name. An unknown name throws a ValueError that lists the known ones.
  Layer& get_layer(const std::string& name) const&;
  Layer& get_layer(const std::string& name) const&& = delete;
  /// The same as a handle of its class: `get_layer<Dense>("head")`. Throws a TypeError for a layer of another class.
  template <std::derived_from<Layer> L>
  L get_layer(const std::string& name) const {
    const auto is = [](const Layer& layer) { return dynamic_cast<const L*>(&layer) != nullptr; };
    return dynamic_cast<const L&>(layer_of_class(name, typeid(L), is));
  }

  /// Writes the whole model into a .keras file, which Keras 3 and models::load_model read: its layers, its weights, and
  /// how it was compiled with the state of the optimizer; the file is replaced as a whole. For Sequential and
  /// functional models; of other classes registered by register_serializable, only Keras with the same class can load
  /// the file.
  ///
  /// Throws a ValueError before the model is built, and for what a file cannot hold, such as a layer or loss that is a
  /// C++ lambda: the text names it. Throws a DataError that names the file when it cannot be written.
  void save(const std::string& path, const SaveOptions& options = {}) const;

  /// Writes what the model computes in inference as an ONNX file, which ONNX Runtime and others run without xtape. The
  /// size of the batch, and every size that the inputs leave open, stay open. Inputs and outputs have the names of the
  /// model's inputs and output layers; bfloat16 is written as float32. See docs/guides/saving.md.
  ///
  /// C++ code runs on shapes alone: the call() of a subclassed model and of layers of your own, Lambdas, activations.
  /// The ops and layers that it calls are written, and what it computes without them cannot be. With open sizes it runs
  /// twice; it may use them, as in `reshape(x, {x.shape(0), -1})`, but must call the same ops for all of them. The
  /// inputs of a subclassed model are ExportOnnxOptions::inputs, otherwise those of its first call, "input", "input_1";
  /// its outputs are "output", "output_1". See also xtape::export_onnx for functions of tensors.
  ///
  /// Throws a ValueError before the model is built, for a layer, op or C++ code that ONNX has no node for, which the
  /// text names, and for weights of 2 GiB or more; a DataError that names the file when it cannot be written; a
  /// RuntimeError in a library built without protobuf.
  void export_onnx(const std::string& path, const ExportOnnxOptions& options = {}) const;

  /// The layers of a model in their order (Sequential), or with the calls that connect them (functional), under Keras's
  /// names; see Layer::config(). A subclassed model has only its name and dtype.
  Config config() const override;
  /// config() as the text that Keras's model.to_json() gives and models::model_from_json reads. Throws a ValueError for
  /// what text cannot hold.
  std::string to_json() const;

  /// Writes all weights: into a safetensors file (.safetensors) under their names within the model, such as
  /// "dense/kernel", or into a .weights.h5 file as Keras does. With {.layout = "pytorch"} the safetensors file is a
  /// state dict for the same model in PyTorch: "dense.weight", [units, inputs]. The file is replaced as a whole.
  ///
  /// Throws a ValueError before the model is built, for another extension or layout and for layers that PyTorch does
  /// not have, which it names; a DataError that names the file when it cannot be written.
  void save_weights(const std::string& path, const SaveWeightsOptions& options = {}) const;
  /// Reads weights that save_weights, Keras (.weights.h5, .keras, .h5), PyTorch or Hugging Face (.safetensors, .pt,
  /// .pth, .bin, and the .index.json of models in several files) wrote, and tells what it has read. Floating numbers
  /// become the dtype of the variable. See docs/guides/saving.md for how weights of a file are matched with those of
  /// the model.
  ///
  /// Throws a DataError, before any weight has changed, for a file that is missing or damaged, or whose names, shapes
  /// or dtypes do not match; the text lists the differences. Throws a ValueError before the model is built, for another
  /// extension or layout, and for a regular expression that is none.
  LoadedWeights load_weights(const std::string& path, const LoadWeightsOptions& options = {});

  /// Builds the model for inputs of this shape, where -1 stands for any size.
  void build_for(const Shape& input_shape) { (void)compute_output_shape(input_shape); }

  /// For outputs to which the inner layers gave no mask: the mask of the input if the model supports masking, otherwise
  /// none.
  Tensor compute_mask(const Tensor& inputs, const Tensor& previous_mask) override;
  TensorList compute_mask_list(const TensorList& inputs, const TensorList& previous_masks) override;

  /// Prints the model's layers with their output shapes and numbers of weights (keras.Model.summary); shapes and
  /// weights that are unknown before the first call are shown as "?". For a functional model that is not a plain stack
  /// it also shows to what each layer is connected.
  void summary() const;
  /// What summary() prints.
  std::string summary_text() const;

  /// The graph of a functional model; null for other models.
  const detail::FunctionalGraph* graph() const noexcept { return graph_.get(); }

 protected:
  explicit Model(std::string name = "");

  /// What fit does with a batch; returns the logs to show. A model may override it with its own training step, and
  /// still use fit with its callbacks and progress:
  ///
  ///     xp::Logs train_step(const xp::TrainBatch& batch) override {
  ///       auto& [x, y, sample_weight] = batch;
  ///       xp::GradientTape tape;
  ///       auto y_pred = (*this)(x, {.training = true});
  ///       auto loss = compute_loss(x, y, y_pred, sample_weight);
  ///       auto gradients = tape.gradient(loss, trainable_variables());
  ///       optimizer().apply_gradients(xp::zip(gradients, trainable_variables()));
  ///       return compute_metrics(loss, x, y, y_pred, sample_weight);
  ///     }
  ///
  /// Only these steps call the model, so a model that overrides them needs no call().
  virtual Logs train_step(const TrainBatch& batch);
  /// What evaluate, and the validation in fit, do with a batch.
  virtual Logs test_step(const TrainBatch& batch);
  /// What predict does with a batch.
  virtual TensorList predict_step(const TensorList& x);
  /// The weighted sum of the losses given to compile() plus the model's losses(): a scalar. Throws a ValueError when
  /// there are no losses, and for labels that do not fit the outputs.
  virtual Tensor compute_loss(const TensorList& x, const TensorList& y, const TensorList& y_pred,
                              const Tensor& sample_weight);
  /// Updates the running mean of the loss and the metrics given to compile(). Returns the values of all metrics,
  /// including the tracked ones.
  virtual Logs compute_metrics(const Tensor& loss, const TensorList& x, const TensorList& y, const TensorList& y_pred,
                               const Tensor& sample_weight);

  using LayerBase::track;
  /// Makes a metric part of the model and returns it; the model's own steps update it:
  ///
  ///     std::shared_ptr<xp::metrics::Mean> reconstruction = track(xp::metrics::Mean("reconstruction_loss"));
  template <class M>
  requires std::derived_from<std::decay_t<M>, metrics::Metric>
  auto track(M&& metric) {
    static_assert(!std::is_lvalue_reference_v<M>,
                  "the model would track a copy: hold the metric as std::shared_ptr<M> member = track(M(...))");
    return track(std::make_shared<std::decay_t<M>>(std::move(metric)));
  }
  /// The same for one that is shared already. Throws a ValueError for a null pointer.
  template <std::derived_from<metrics::Metric> M>
  std::shared_ptr<M> track(std::shared_ptr<M> metric) {
    track_metric(metric);
    return metric;
  }

  Tensor call(const Tensor& input) override;
  TensorList call_list(const TensorList& inputs) override;

 private:
  /// Lives while a Model makes the copy that it keeps of a derived class. A user-defined copy constructor of that class
  /// may pass its argument to the same template constructor of Model, which then must not keep another copy.
  class Keeping {
   public:
    Keeping() noexcept;
    Keeping(const Keeping&) = delete;
    ~Keeping();
    bool first() const noexcept { return !before_; }

   private:
    bool before_;
  };
  template <class C, class M>
  void keep(M&& model) {
    static_assert(std::constructible_from<C, M>,
                  "a Model by value is a copy: pass this one as a reference (xp::Model&)");
    const Keeping keeping;
    if constexpr (std::constructible_from<C, M>) {
      if (keeping.first()) of_class_.emplace(C(std::forward<M>(model)));
    }
  }
  /// For a plain Model that is made from a model of a derived class: the object whose functions are called. Otherwise
  /// null.
  Model* of_class() const;
  Layer& object() override;
  const detail::GraphEnds* graph_ends() const override;
  const Layer& layer_of_class(const std::string& name, const std::type_info& wanted, bool (*is)(const Layer&)) const;

  detail::ModelState& model_state() const;
  void track_metric(std::shared_ptr<metrics::Metric> metric);
  bool keeps_masks_of_outputs() const override { return true; }
  detail::TrainState& train_state(const char* method) const;
  void build_on(const TensorList& x);
  History fit_arrays(const TensorList& x, const TensorList& y, const FitOptions& options);
  Logs evaluate_arrays(const TensorList& x, const TensorList& y, const EvaluateOptions& options);
  History run_fit(detail::BatchSource& source, detail::BatchSource* validation, const FitOptions& options);
  Logs run_evaluate(detail::BatchSource& source, const EvaluateOptions& options);

  std::shared_ptr<detail::FunctionalGraph> graph_;
  std::shared_ptr<detail::ModelState> model_;
  std::optional<AnyLayer> of_class_;
  bool sliced_ =
      false;  ///< whether this was copied from an object of a derived class, also as the base of such an object
};

/// Keras's name for clone().
template <std::derived_from<Model> M>
M clone_model(const M& model) {
  return clone(model);
}

}  // namespace xtape
