#pragma once

#include "layers/harness.hpp"

namespace xtape::testing {

/// If the environment variable XTAPE_KERAS_MODELS names a folder, writes a model of the row's layer there, as a .keras
/// file, with its inputs and outputs beside it as an .npz file. tests/keras/check_models.py compares Keras with them.
void write_keras_model(const LayerRow& row);

}  // namespace xtape::testing
