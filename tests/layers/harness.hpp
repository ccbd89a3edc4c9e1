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

// What holds for every layer. Each family's test file has a table with a row or more for each of its classes, and one
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
  Shape shape;                      ///< with the batch in front
  std::optional<DType> dtype = {};  ///< unset: the one that the layer is made with
  double low = -2, high = 2;        ///< where its values are
};

struct LayerWeight {
  std::string name;
  Shape shape;
  bool trainable = true;
};

struct WrongInputs {
  std::vector<Shape> shapes;
  std::string text;  ///< in the error, a ValueError
};

/// What a layer does with the masks of its inputs (see Layer::compute_mask).
enum class Masks : std::uint8_t {
  unstated,         ///< a failure: each row says
  passes,           ///< the first output has that of the first input, and the numbers are those without it
  uses,             ///< the numbers depend on it, and no output has one
  uses_and_passes,  ///< both; in training where training differs
  makes,            ///< the first output has one, whatever the inputs have
  combines,         ///< the output has one of those of all inputs
  drops,            ///< no output has one, which is told once
  has_none,         ///< no output has one, as its class says
};

struct LayerRow {
  std::string layer;  ///< the class as its header declares it
  Masks masks = Masks::unstated;
  std::function<AnyLayer(DType)> make;
  std::vector<LayerInput> inputs;
  std::vector<Shape> outputs;
  std::vector<LayerWeight> weights = {};  ///< all of them, in order
  std::vector<WrongInputs> wrong = {};    ///< refused, before the layer is built and after it
  bool training_differs = false;          ///< without being random: gradients are checked in training as well
  bool random = false;                    ///< in training
  bool dtypes_agree = true;               ///< the result has the dtype that the layer is made with
  bool gradients = true;
  bool empty_batch = true;
  double eps = 1e-6;  ///< the step of the differences
};

/// A table of rows that harness_test.cpp knows.
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

/// The row's inputs: numbers of changing sign and size, none close to 0; for an integer dtype whole ones.
TensorList layer_inputs(const LayerRow& row, DType dtype, std::optional<std::int64_t> batch = {});

/// For each row: shapes and dtypes, eager, symbolic and as a Model; weights, their names and shapes; gradients for
/// inputs and weights against finite differences; float32 against float64, and mixed_bfloat16 against float32; that SGD
/// and Adam lower a loss; that a clone with the weights of another computes the same bits; that copies share; the empty
/// batch; that after each wrong input the right one gives what it would have given without; that symbolic calls change
/// no state; that float64 inputs are cast, and their gradients cast back; that threads may make the first call at once;
/// what becomes of masks.
void check_layers(const LayerTable& table);

}  // namespace xtape::testing
