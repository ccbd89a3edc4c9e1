#include "xtape/metrics/hinge.hpp"

#include "xtape/losses/hinge.hpp"

namespace xtape::metrics {

Hinge::Hinge(const std::string& name) : MeanMetricWrapper(losses::hinge, name) {}
SquaredHinge::SquaredHinge(const std::string& name) : MeanMetricWrapper(losses::squared_hinge, name) {}
CategoricalHinge::CategoricalHinge(const std::string& name) : MeanMetricWrapper(losses::categorical_hinge, name) {}

}  // namespace xtape::metrics
