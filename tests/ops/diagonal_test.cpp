#include "xtape/ops/diagonal.hpp"

#include "ops/movement_table.hpp"
#include "xtape/base/error.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

const Table<Movement> diagonal_table{
    {"linalg::matrix_transpose", {{2, 3}}, MOVE(linalg::matrix_transpose(x)), {3, 2}, {0, 3, 1, 4, 2, 5}},
    {"linalg::matrix_transpose", {{2, 1, 2}}, MOVE(linalg::matrix_transpose(x)), {2, 2, 1}, count(4)},
    {"linalg::diag", {{3}}, MOVE(linalg::diag(x)), {3, 3}, {0, 0, 0, 0, 1, 0, 0, 0, 2}},
    {"linalg::diag", {{2, 2}}, MOVE(linalg::diag(x)), {2, 2, 2}, {0, 0, 0, 1, 2, 0, 0, 3}},
    {"linalg::diag", {{2, 2}}, MOVE(linalg::diag(slice_axis(x, 0, 1, 1), 1)), {1, 3, 3}, {0, 2, 0, 0, 0, 3, 0, 0, 0}},
    {"linalg::diag", {{2, 2}}, MOVE(linalg::diag(slice_axis(x, 0, 1, 1), -1)), {1, 3, 3}, {0, 0, 0, 2, 0, 0, 0, 3, 0}},
    {"linalg::diag", {{0}}, MOVE(linalg::diag(x)), {0, 0}, {}},
    {"linalg::diag", {{1}}, MOVE(linalg::diag(x)), {1, 1}, {0}},
    {"linalg::diag_part", {{3, 3}}, MOVE(linalg::diag_part(x)), {3}, {0, 4, 8}},
    {"linalg::diag_part", {{2, 3}}, MOVE(linalg::diag_part(x)), {2}, {0, 4}},
    {"linalg::diag_part", {{3, 2}}, MOVE(linalg::diag_part(x)), {2}, {0, 3}},
    {"linalg::diag_part", {{2, 3}}, MOVE(linalg::diag_part(x, 1)), {2}, {1, 5}},
    {"linalg::diag_part", {{2, 3}}, MOVE(linalg::diag_part(x, 2)), {1}, {2}},
    {"linalg::diag_part", {{3, 2}}, MOVE(linalg::diag_part(x, -1)), {2}, {2, 5}},
    {"linalg::diag_part", {{2, 2, 2}}, MOVE(linalg::diag_part(x)), {2, 2}, {0, 3, 4, 7}},
    {"linalg::diag_part", {{0, 3}}, MOVE(linalg::diag_part(x)), {0}, {}},
    {"linalg::set_diag", {{2, 2}, {2}}, MOVE(linalg::set_diag(x, in[1])), {2, 2}, {4, 1, 2, 5}},
    {"linalg::set_diag", {{2, 3}, {2}}, MOVE(linalg::set_diag(x, in[1])), {2, 3}, {6, 1, 2, 3, 7, 5}},
    {"linalg::set_diag", {{2, 2, 1}, {2, 1}}, MOVE(linalg::set_diag(x, in[1])), {2, 2, 1}, {4, 1, 5, 3}},
    {"linalg::set_diag", {{0, 2}, {0}}, MOVE(linalg::set_diag(x, in[1])), {0, 2}, {}},
    {"linalg::band_part", {{3, 3}}, MOVE(linalg::band_part(x, 1, 0)), {3, 3}, {0, 0, 0, 3, 4, 0, 0, 7, 8}},
    {"linalg::band_part", {{3, 3}}, MOVE(linalg::band_part(x, 0, -1)), {3, 3}, {0, 1, 2, 0, 4, 5, 0, 0, 8}},
    {"linalg::band_part", {{2, 3}}, MOVE(linalg::band_part(x, -1, -1)), {2, 3}, count(6)},
    {"linalg::band_part", {{2, 2, 2}}, MOVE(linalg::band_part(x, 0, 0)), {2, 2, 2}, {0, 0, 0, 3, 4, 0, 0, 7}},
};
const FunctionRows diagonal_replays(diagonal_table, [](const auto& row) { return under_function(row); });
const Table<Alone> diagonal_alone{{"linalg::trace"}};

}  // namespace

TEST_CASE("diagonals: elements, gradients and dtypes") { check_movements(diagonal_table); }

TEST_CASE("diagonals: the trace") {
  const Tensor x = constant({{{1, 2}, {3, 4}}, {{5, 6}, {7, 8}}});
  CHECK_TENSOR_EQ(linalg::trace(x), constant({5, 13}));
  CHECK_CLOSE(linalg::trace(constant({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}})), 6);
  CHECK_CLOSE(linalg::trace(zeros({0, 3})), 0);
  CHECK(check_gradients([](const Tensor& t) { return square(linalg::trace(t)); }, some({2, 3, 3})));
}

TEST_CASE("diagonals: errors") {
  CHECK_THROWS_TEXT(ValueError, "[linalg.matrix_transpose] expected a tensor of rank 2 or more: received shape (3,)",
                    linalg::matrix_transpose(ones({3})));
  CHECK_THROWS_TEXT(ValueError, "[linalg.diag] expected a tensor of rank 1 or more: received shape ()",
                    linalg::diag(ones({})));
  CHECK_THROWS_TEXT(ValueError, "[linalg.diag_part] expected a tensor of rank 2 or more: received shape (3,)",
                    linalg::diag_part(ones({3})));
  CHECK_THROWS_TEXT(ValueError, "[linalg.diag_part] there is no diagonal 3 in shape (2, 3)",
                    linalg::diag_part(ones({2, 3}), 3));
  CHECK_THROWS_TEXT(ValueError, "there is no diagonal -2 in shape (2, 3)", linalg::diag_part(ones({2, 3}), -2));
  CHECK_THROWS_TEXT(ValueError, "[linalg.set_diag] expected a diagonal of shape (2,) for (2, 3): received (3,)",
                    linalg::set_diag(ones({2, 3}), ones({3})));
  CHECK_THROWS_TEXT(TypeError, "[linalg.set_diag] dtypes differ: float32 and int32",
                    linalg::set_diag(ones({2, 3}), ones({2}, int32)));
  CHECK_THROWS_TEXT(ValueError, "[linalg.trace] expected a tensor of rank 2", linalg::trace(ones({3})));
  CHECK_THROWS_TEXT(ValueError, "[linalg.band_part] expected a tensor of rank 2", linalg::band_part(ones({3}), 0, 0));
}
