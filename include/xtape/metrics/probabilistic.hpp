#pragma once

#include "xtape/metrics/mean_metric_wrapper.hpp"

// Family: means of the losses of the same names that compare probabilities, where the formulas, shapes and errors are
// described.
namespace xtape::metrics {

/// The mean of losses::kl_divergence.
class KLDivergence : public MeanMetricWrapper {
 public:
  explicit KLDivergence(const std::string& name = "kl_divergence");
};

/// The mean of losses::poisson.
class Poisson : public MeanMetricWrapper {
 public:
  explicit Poisson(const std::string& name = "poisson");
};

/// Keyword arguments of BinaryCrossentropy.
struct BinaryCrossentropyOptions {
  std::string name = "binary_crossentropy";
  bool from_logits = false;    ///< y_pred are logits, not probabilities
  double label_smoothing = 0;  ///< s in [0, 1]: labels become (1 - s) y_true + s / 2

  XTAPE_FIELDS(name, from_logits, label_smoothing)
};

/// The mean of losses::binary_crossentropy.
class BinaryCrossentropy : public MeanMetricWrapper {
 public:
  explicit BinaryCrossentropy(const BinaryCrossentropyOptions& options = {});
};

/// Keyword arguments of CategoricalCrossentropy.
struct CategoricalCrossentropyOptions {
  std::string name = "categorical_crossentropy";
  bool from_logits = false;    ///< y_pred are logits, not probabilities
  double label_smoothing = 0;  ///< s in [0, 1]: labels become (1 - s) y_true + s / classes
  int axis = -1;               ///< of the classes

  XTAPE_FIELDS(name, from_logits, label_smoothing, axis)
};

/// The mean of losses::categorical_crossentropy.
class CategoricalCrossentropy : public MeanMetricWrapper {
 public:
  explicit CategoricalCrossentropy(const CategoricalCrossentropyOptions& options = {});
};

/// Keyword arguments of SparseCategoricalCrossentropy.
struct SparseCategoricalCrossentropyOptions {
  std::string name = "sparse_categorical_crossentropy";
  bool from_logits = false;  ///< y_pred are logits, not probabilities

  XTAPE_FIELDS(name, from_logits)
};

/// The mean of losses::sparse_categorical_crossentropy.
class SparseCategoricalCrossentropy : public MeanMetricWrapper {
 public:
  explicit SparseCategoricalCrossentropy(const SparseCategoricalCrossentropyOptions& options = {});
};

}  // namespace xtape::metrics
