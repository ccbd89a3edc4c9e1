#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "xtape/base/dtype.hpp"
#include "xtape/base/shape.hpp"
#include "xtape/layers/layer.hpp"

// Checks for every layer. Each family's test file has a table with one or more rows for each of its classes, and one
// test case that checks it:
//
//     const LayerTable table = {
//         {.layer = "Dense",
//          .masks = testing::Masks::passes,
//          .make = [](DType dtype) { return layers::Dense(4, {.dtype = dtype}); },
//          .inputs = {{.shape = {2, 3}}},
//          .outputs = {{2, 4}},
//          .weights = {{"kernel", {3, 4}}, {"bias", {4}}},
//          .wrong = {{{{}}, "expected min_ndim=1"}}},
//     };
//     TEST_CASE("Dense: what holds for every layer") { check_layers(table); }
//
// harness_test.cpp compares the rows with the classes that the headers declare.
namespace xtape::testing {

struct LayerInput {
  Shape shape;                      ///< including the batch axis
  std::optional<DType> dtype = {};  ///< unset: the dtype of the layer
  double low = -2, high = 2;        ///< the range of its values
};

struct LayerWeight {
  std::string name;
  Shape shape;
  bool trainable = true;
};

struct WrongInputs {
  std::vector<Shape> shapes;
  std::string text;  ///< of the expected ValueError
};

/// How a layer treats the masks of its inputs (see Layer::compute_mask).
enum class Masks : std::uint8_t {
  unstated,         ///< fails: each row has to set it
  passes,           ///< the first output has the mask of the first input; the numbers do not depend on it
  uses,             ///< the numbers depend on the mask; no output has one
  uses_and_passes,  ///< both; checked in training if training differs
  passes_unused,    ///< passes, but the numbers depend on the padding, and a warning says so once
  makes,            ///< the first output always has a mask
  combines,         ///< the output has a mask made from those of all inputs
  drops,            ///< no output has a mask, and a warning says so once
  has_none,         ///< no output has a mask, without a warning
};

struct LayerRow {
  std::string layer;  ///< the class as its header declares it
  Masks masks = Masks::unstated;
  std::function<AnyLayer(DType)> make;
  std::vector<LayerInput> inputs;
  std::vector<Shape> outputs;
  std::vector<LayerWeight> weights = {};  ///< all of them, in order
  std::vector<WrongInputs> wrong = {};    ///< throw, before and after the layer is built
  bool training_differs = false;          ///< without being random: gradients are checked in training as well
  bool random = false;                    ///< in training
  bool dtypes_agree = true;               ///< the result has the dtype of the layer
  bool gradients = true;
  bool empty_batch = true;
  double eps = 1e-6;  ///< the step of the differences
};

/// A table whose rows are registered for harness_test.cpp.
class LayerTable {
 public:
  LayerTable(std::initializer_list<LayerRow> rows);
  auto begin() const { return rows_.begin(); }
  auto end() const { return rows_.end(); }

 private:
  std::vector<LayerRow> rows_;
};

/// The classes with a row.
std::set<std::string>& layers_with_rows();

/// Inputs for a row: numbers of varying sign and size, none close to 0; integers for an integer dtype.
TensorList layer_inputs(const LayerRow& row, DType dtype, std::optional<std::int64_t> batch = {});

/// Checks for each row: shapes and dtypes, eager, symbolic and as a Model; names and shapes of weights; gradients for
/// inputs and weights against finite differences; float32 against float64, and mixed_bfloat16 against float32; SGD and
/// Adam lower a loss; a clone with the same weights computes the same bits; copies share weights; the empty batch; a
/// wrong input does not change later results; symbolic calls change no state; float64 inputs are cast, and their
/// gradients cast back; several threads may make the first call at once; masks.
void check_layers(const LayerTable& table);

}  // namespace xtape::testing
