#pragma once

#include <string>
#include <vector>

#include "models/functional_graph.hpp"
#include "xtape/base/config.hpp"
#include "xtape/layers/symbolic.hpp"

// The Configs of models, in the form that Keras 3 writes.
namespace xtape::detail {

/// {"class_name": "InputLayer", "config": {"batch_shape": [null, 4], ...}}
Config input_layer_config(const SymbolicTensor& input, const std::string& name);

/// Adds the `build_config` from which Keras makes the weights of a layer.
void attach_build_shapes(Config& config, const Layer& layer);

/// Adds the entries `layers`, `input_layers` and `output_layers` of a functional model. Throws a ValueError for an op
/// that Keras does not have.
void add_graph(Config& config, const FunctionalGraph& graph);

/// The layers of a graph, ops among them, in Keras's order, that of Keras's Functional.layers: by their distance from
/// the outputs, the furthest first.
std::vector<const GraphLayer*> keras_order(const GraphEnds& ends);

/// Whether it is called with {query, value, key, mask}, and has a layer in Keras for each projection.
bool takes_query_value_key(const Layer& layer);

/// The Config as Keras's constructors take it: without arguments that Keras does not have or has in the call, where
/// they ask for nothing.
ConfigValue keras_form(const ConfigValue& value);

/// The layer or model that a Config describes; AnyLayer::from_config() knows models too after its first call.
AnyLayer model_or_layer_from_config(const Config& config);

}  // namespace xtape::detail
