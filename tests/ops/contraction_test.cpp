#include "xtape/ops/contraction.hpp"

#include <map>

#include "ops/function_rows.hpp"
#include "ops/table.hpp"
#include "support/threads.hpp"
#include "xtape/base/error.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/tape/check_gradients.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

/// A sum of products, and the same as an einsum equation.
struct Contraction {
  std::string op;
  std::function<Tensor(const OpInputs&)> f;
  std::vector<Shape> inputs;
  std::string equation;
  Shape result;
};

Contraction einsum_row(const std::string& equation, const std::vector<Shape>& inputs, const Shape& result,
                       const std::string& named = "") {
  return {"einsum", [equation](const OpInputs& x) { return einsum(equation, x); }, inputs,
          named.empty() ? equation : named, result};
}

const Table<Contraction> contraction_table{
    einsum_row("bij,bjk->bik", {{2, 3, 4}, {2, 4, 2}}, {2, 3, 2}),
    einsum_row("ij,jk->ik", {{2, 3}, {3, 4}}, {2, 4}),
    einsum_row(" ij , kj -> ik ", {{2, 3}, {4, 3}}, {2, 4}, "ij,kj->ik"),
    einsum_row("ij,jk", {{2, 3}, {3, 4}}, {2, 4}, "ij,jk->ik"),
    einsum_row("ba,ac", {{2, 3}, {3, 4}}, {2, 4}, "ba,ac->bc"),
    einsum_row("cb,ba", {{2, 3}, {3, 4}}, {4, 2}, "cb,ba->ac"),
    einsum_row("ij->ji", {{2, 3}}, {3, 2}),
    einsum_row("ji", {{2, 3}}, {3, 2}, "ji->ij"),
    einsum_row("ij->", {{2, 3}}, {}),
    einsum_row("ij->j", {{2, 3}}, {3}),
    einsum_row("ij->ij", {{2, 3}}, {2, 3}),
    einsum_row("ii", {{3, 3}}, {}, "ii->"),
    einsum_row("ii->i", {{3, 3}}, {3}),
    einsum_row("iji->ji", {{2, 3, 2}}, {3, 2}),
    einsum_row("iii->i", {{2, 2, 2}}, {2}),
    einsum_row("bii,ij->bj", {{2, 3, 3}, {3, 2}}, {2, 2}),
    einsum_row("i,i", {{3}, {3}}, {}, "i,i->"),
    einsum_row("i,j->ij", {{2}, {3}}, {2, 3}),
    einsum_row("i,j->ji", {{2}, {3}}, {3, 2}),
    einsum_row("i,j->", {{2}, {3}}, {}),
    einsum_row("ij,ij->ij", {{2, 3}, {2, 3}}, {2, 3}),
    einsum_row("ij,ji->ij", {{2, 3}, {3, 2}}, {2, 3}),
    einsum_row("ijk,jl->lik", {{2, 3, 2}, {3, 2}}, {2, 2, 2}),
    einsum_row("abcd,cdef->abef", {{1, 2, 3, 2}, {3, 2, 1, 2}}, {1, 2, 1, 2}),
    einsum_row("bqhd,bkhd->bhqk", {{2, 3, 2, 2}, {2, 4, 2, 2}}, {2, 2, 3, 4}),
    einsum_row("ij,jk,kl->il", {{2, 3}, {3, 2}, {2, 4}}, {2, 4}),
    einsum_row("i,ij,j", {{2}, {2, 3}, {3}}, {}, "i,ij,j->"),
    einsum_row("ij,k->ik", {{2, 3}, {2}}, {2, 2}),
    einsum_row("ij,j->i", {{2, 3}, {3}}, {2}),
    einsum_row(",ij->ij", {{}, {2, 3}}, {2, 3}),
    einsum_row("->", {{}}, {}),
    einsum_row("aB,Bc->ac", {{2, 3}, {3, 2}}, {2, 2}),
    einsum_row("...ij,...jk->...ik", {{2, 3, 4}, {2, 4, 2}}, {2, 3, 2}, "aij,ajk->aik"),
    einsum_row("...ij,...jk->...ik", {{2, 3}, {3, 2}}, {2, 2}, "ij,jk->ik"),
    einsum_row("...ij,jk->...ik", {{2, 1, 3, 2}, {2, 4}}, {2, 1, 3, 4}, "abij,jk->abik"),
    einsum_row("...ij,...jk", {{2, 3, 4}, {4, 2}}, {2, 3, 2}, "aij,jk->aik"),
    einsum_row("...i->...", {{2, 3}}, {2}, "ai->a"),
    einsum_row("i...->...i", {{2, 3, 4}}, {3, 4, 2}, "iab->abi"),
    einsum_row("...ii->...", {{2, 3, 3}}, {2}, "aii->a"),
    einsum_row("i...,i...->...", {{2, 3}, {2, 3}}, {3}, "ia,ia->a"),
    // Where "..." broadcasts, the axis of size 1 gets a label of its own.
    einsum_row("...i,...i->...", {{2, 1, 3}, {4, 3}}, {2, 4}, "axi,bi->ab"),
    einsum_row("...i,...j->...ij", {{1, 2}, {3, 2}}, {3, 2, 2}, "xi,aj->aij"),
    einsum_row("ij,jk->ik", {{0, 3}, {3, 4}}, {0, 4}),
    einsum_row("ij,jk->ik", {{2, 0}, {0, 4}}, {2, 4}),
    einsum_row("ij,jk->ik", {{1, 1}, {1, 1}}, {1, 1}),
    {"tensordot", [](const auto& x) { return tensordot(x[0], x[1], 1); }, {{2, 3}, {3, 2}}, "ij,jk->ik", {2, 2}},
    {"tensordot", [](const auto& x) { return tensordot(x[0], x[1]); }, {{2, 3, 2}, {3, 2, 4}}, "ijk,jkl->il", {2, 4}},
    {"tensordot", [](const auto& x) { return tensordot(x[0], x[1], 0); }, {{2}, {1, 3}}, "i,jk->ijk", {2, 1, 3}},
    {"tensordot",
     [](const auto& x) {
       return tensordot(x[0], x[1], {{0}, {1}});
     },
     {{2, 3}, {4, 2}},
     "ij,ki->jk",
     {3, 4}},
    {"tensordot",
     [](const auto& x) {
       return tensordot(x[0], x[1], {{-1, 0}, {0, 2}});
     },
     {{2, 3, 4}, {4, 3, 2}},
     "ijk,kli->jl",
     {3, 3}},
    {"tensordot", [](const auto& x) { return tensordot(x[0], x[1], 1); }, {{3}, {3}}, "i,i->", {}},
    {"tensordot", [](const auto& x) { return tensordot(x[0], x[1], 1); }, {{2, 0}, {0, 3}}, "ij,jk->ik", {2, 3}},
    {"dot", [](const auto& x) { return dot(x[0], x[1]); }, {{3}, {3}}, "i,i->", {}},
    {"dot", [](const auto& x) { return dot(x[0], x[1]); }, {{2, 3}, {3, 2}}, "ij,jk->ik", {2, 2}},
    {"dot", [](const auto& x) { return dot(x[0], x[1]); }, {{2, 3}, {3}}, "ij,j->i", {2}},
    {"dot", [](const auto& x) { return dot(x[0], x[1]); }, {{2, 2, 3}, {2, 3, 2}}, "abi,cid->abcd", {2, 2, 2, 2}},
    {"dot", [](const auto& x) { return dot(x[0], x[1]); }, {{}, {2}}, ",i->i", {2}},
    {"outer", [](const auto& x) { return outer(x[0], x[1]); }, {{2}, {3}}, "i,j->ij", {2, 3}},
    {"outer", [](const auto& x) { return outer(x[0], x[1]); }, {{2, 2}, {3}}, "ij,k->ijk", {2, 2, 3}},
    {"outer", [](const auto& x) { return outer(x[0], x[1]); }, {{0}, {3}}, "i,j->ij", {0, 3}},
    {"inner", [](const auto& x) { return inner(x[0], x[1]); }, {{3}, {3}}, "i,i->", {}},
    {"inner", [](const auto& x) { return inner(x[0], x[1]); }, {{2, 3}, {4, 3}}, "ij,kj->ik", {2, 4}},
    {"inner", [](const auto& x) { return inner(x[0], x[1]); }, {{2}, {}}, "i,->i", {2}},
    {"kron", [](const auto& x) { return kron(x[0], x[1]); }, {{2}, {3}}, "i,j->ij", {6}},
    {"kron", [](const auto& x) { return kron(x[0], x[1]); }, {{2, 3}, {3, 2}}, "ij,kl->ikjl", {6, 6}},
    {"kron", [](const auto& x) { return kron(x[0], x[1]); }, {{2, 3}, {2}}, "ij,l->ijl", {2, 6}},
    {"kron", [](const auto& x) { return kron(x[0], x[1]); }, {{}, {2, 2}}, ",ij->ij", {2, 2}},
    {"kron", [](const auto& x) { return kron(x[0], x[1]); }, {{0, 2}, {2, 2}}, "ij,kl->ikjl", {0, 4}},
    {"linalg::matvec", [](const auto& x) { return linalg::matvec(x[0], x[1]); }, {{2, 3}, {3}}, "ij,j->i", {2}},
    {"linalg::matvec",
     [](const auto& x) { return linalg::matvec(x[0], x[1], {.transpose_a = true}); },
     {{2, 3}, {2}},
     "ij,i->j",
     {3}},
    {"linalg::matvec", [](const auto& x) { return linalg::matvec(x[0], x[1]); }, {{2, 2, 3}, {3}}, "aij,j->ai", {2, 2}},
    {"linalg::matvec", [](const auto& x) { return linalg::matvec(x[0], x[1]); }, {{2, 3}, {4, 3}}, "ij,aj->ai", {4, 2}},
    {"matmul", [](const auto& x) { return matmul(x[0], x[1]); }, {{3}, {3}}, "i,i->", {}},
    {"matmul", [](const auto& x) { return matmul(x[0], x[1]); }, {{2, 3}, {3}}, "ij,j->i", {2}},
    {"matmul", [](const auto& x) { return matmul(x[0], x[1]); }, {{3}, {3, 2}}, "i,ij->j", {2}},
    {"matmul", [](const auto& x) { return matmul(x[0], x[1]); }, {{2, 2, 3}, {3}}, "aij,j->ai", {2, 2}},
    {"matmul", [](const auto& x) { return matmul(x[0], x[1]); }, {{3}, {2, 3, 2}}, "i,aij->aj", {2, 2}},
    {"matmul", [](const auto& x) { return matmul(x[0], x[1], {.transpose_b = true}); }, {{3}, {2, 3}}, "i,ji->j", {2}},
    {"matmul", [](const auto& x) { return matmul(x[0], x[1]); }, {{0}, {0, 2}}, "i,ij->j", {2}},
};

const FunctionRows contraction_replays(contraction_table, [](const Contraction& row) {
  return FunctionRow{row.op, row.f, fresh_inputs(row.inputs)};
});

const Table<Alone> contraction_alone{{"cross"}};
const FunctionRows cross_replays{
    {"cross", [](const OpInputs& x) { return cross(x[0], x[1], 1); }, fresh_inputs({{2, 3}, {1, 3}})},
};

/// Multiplies and adds for every value of every label.
std::vector<double> by_definition(const Contraction& row, const OpInputs& operands) {
  const std::size_t arrow = row.equation.find("->");
  const std::string output = row.equation.substr(arrow + 2);
  std::vector<std::string> inputs{""};
  for (const char c : row.equation.substr(0, arrow)) {
    if (c == ',') {
      inputs.emplace_back();
    } else {
      inputs.back() += c;
    }
  }
  std::map<char, std::int64_t> size, at;
  std::vector<std::vector<double>> values;
  std::int64_t all = 1;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    for (std::size_t axis = 0; axis < inputs[i].size(); ++axis) {
      const char label = inputs[i][axis];
      if (size.emplace(label, operands[i].shape()[static_cast<int>(axis)]).second) all *= size[label];
    }
    values.push_back(to_doubles(operands[i]));
  }
  const auto place = [&](const std::string& labels) {
    std::int64_t flat = 0;
    for (const char label : labels) flat = flat * size[label] + at[label];
    return static_cast<std::size_t>(flat);
  };
  std::vector<double> result(static_cast<std::size_t>(row.result.numel()), 0);
  for (std::int64_t n = 0; n < all; ++n) {
    std::int64_t rest = n;
    for (const auto& [label, count] : size) {
      at[label] = rest % count;
      rest /= count;
    }
    double product = 1;
    for (std::size_t i = 0; i < inputs.size(); ++i) product *= values[i][place(inputs[i])];
    result[place(output)] += product;
  }
  return result;
}

OpInputs inputs_of(const Contraction& row, DType dtype) {
  OpInputs inputs;
  for (const auto& shape : row.inputs) inputs.push_back(cast(some(shape) * (1 - 0.2 * double(inputs.size())), dtype));
  return inputs;
}

}  // namespace

TEST_CASE("contractions: values follow the definition") {
  for (const auto& row : contraction_table) {
    CAPTURE(row.op);
    CAPTURE(row.equation);
    for (const DType dtype : {float64, float32, bfloat16}) {
      const OpInputs x = inputs_of(row, dtype);
      const Tensor y = row.f(x);
      CHECK(y.dtype() == dtype);
      CHECK(y.shape() == row.result);
      CHECK_CLOSE(y, by_definition(row, x), 4 * epsilon(dtype), 32 * epsilon(dtype));
    }
    if (row.op == "matmul" || row.op == "linalg::matvec") continue;
    OpInputs x;
    for (const auto& shape : row.inputs) x.push_back(some(shape, int32, -5, 5));
    CHECK_CLOSE(row.f(x), by_definition(row, x), 0);
    CHECK(row.f(x).dtype() == int32);
  }
}

TEST_CASE("contractions: gradients agree with finite differences to second order") {
  for (const auto& row : contraction_table) {
    CAPTURE(row.op);
    CAPTURE(row.equation);
    const GradientCheck check = check_gradients([&](const OpInputs& x) { return row.f(x); }, inputs_of(row, float64));
    CHECK_MESSAGE(check, check.message);
  }
}

TEST_CASE("contractions: large and small elements, NaN and infinity") {
  const double inf = std::numeric_limits<double>::infinity();
  const Tensor x = tensor({300, -300, 1e-30, 1e30}, {2, 2}, float32);
  CHECK_CLOSE(einsum("ij->", {x}), 1e30, 1e-6);
  CHECK_CLOSE(outer(slice_axis(x, 0, 0, 1), constant({300.0, 1e-30})), {9e4, 3e-28, -9e4, -3e-28}, 1e-6);
  CHECK_CLOSE(dot(constant({1e30}), constant({1e30})), inf);
  CHECK_CLOSE(matmul(constant({1.0, std::nan("")}), constant({{1.0, 2.0}, {3.0, 4.0}})), {NAN, NAN});
}

TEST_CASE("contractions: an operand used twice") {
  CHECK(check_gradients([](const Tensor& x) { return einsum("ij,kj->ik", {x, x}); }, some({2, 3})));
  CHECK(check_gradients([](const Tensor& x) { return outer(x, x); }, some({3})));
  CHECK(check_gradients([](const Tensor& x) { return dot(x, x); }, some({3})));
}

TEST_CASE("contractions: many products at once, on one thread and on several") {
  const Tensor a = some({64, 17, 33}, float32), b = some({64, 33, 9}, float32), c = some({1, 33, 9}, float32);
  const auto with_threads = [&](int threads, const Tensor& right) {
    const Threads set(threads);
    return matmul(a, right);
  };
  CHECK_SAME_BITS(with_threads(3, b), with_threads(1, b));
  CHECK_SAME_BITS(with_threads(3, c), with_threads(1, c));
  CHECK_CLOSE(slice_axis(with_threads(3, b), 0, 40, 1), matmul(slice_axis(a, 0, 40, 1), slice_axis(b, 0, 40, 1)), 0);
  CHECK_CLOSE(slice_axis(with_threads(3, c), 0, 40, 1), matmul(slice_axis(a, 0, 40, 1), c), 0);
}

TEST_CASE("contractions: errors") {
  const Tensor x = ones({2, 3});
  CHECK_THROWS_TEXT(ValueError, "[einsum] expected at least one tensor, received none", einsum("", {}));
  CHECK_THROWS_TEXT(ValueError, "[einsum] expected 2 operands, received 1 in \"ij,jk->ik\"", einsum("ij,jk->ik", {x}));
  CHECK_THROWS_TEXT(ValueError, "[einsum] expected 1 operands, received 2", einsum("ij->ij", {x, x}));
  CHECK_THROWS_TEXT(ValueError, "[einsum] 3 axes are named for operand 0 of shape (2, 3) in \"ijk->i\"",
                    einsum("ijk->i", {x}));
  CHECK_THROWS_TEXT(ValueError, "[einsum] 1 axes are named for operand 0 of shape (2, 3)", einsum("i->i", {x}));
  CHECK_THROWS_TEXT(ValueError, "[einsum] label j has size 3 and, at position 1, 2 in \"ij,jk->ik\"",
                    einsum("ij,jk->ik", {x, x}));
  CHECK_THROWS_TEXT(ValueError, "[einsum] the result's label k is in no operand", einsum("ij->ik", {x}));
  CHECK_THROWS_TEXT(ValueError, "[einsum] the result's label i occurs twice", einsum("ij->ii", {x}));
  CHECK_THROWS_TEXT(ValueError, "[einsum] expected letters and at most one \"...\" for each operand, received \"i1\"",
                    einsum("i1->i", {x}));
  CHECK_THROWS_TEXT(ValueError, "received \"i..\"", einsum("i..->i", {x}));
  CHECK_THROWS_TEXT(ValueError, "received \"......\"", einsum("......->i", {x}));
  CHECK_THROWS_TEXT(ValueError, "[einsum] the result has no \"...\" for the 1 axes of the operands'",
                    einsum("...i->i", {x}));
  CHECK_THROWS_TEXT(ValueError, "[einsum] the axes of \"...\" do not broadcast: 3 and, at position 1, 2",
                    einsum("i...,i...->...", {x, ones({2, 2})}));
  CHECK_THROWS_TEXT(TypeError, "[einsum] dtypes differ: float32 and, at position 1, float64",
                    einsum("ij,ij->ij", {x, ones({2, 3}, float64)}));
  CHECK_THROWS_TEXT(ValueError, "[tensordot] axis 1 of shape (2, 3) and axis 0 of shape (2, 3) differ",
                    tensordot(x, x, 1));
  CHECK_THROWS_TEXT(ValueError, "[tensordot] there are no 3 axes to sum over: (2, 3) and (2, 3)", tensordot(x, x, 3));
  CHECK_THROWS_TEXT(ValueError, "[tensordot] an axis is named twice: [0, 0] and [0, 1]",
                    tensordot(x, ones({2, 2}), {{0, 0}, {0, 1}}));
  CHECK_THROWS_TEXT(ValueError, "[tensordot] expected as many axes of a as of b: received 1 and 2",
                    tensordot(x, x, {{0}, {0, 1}}));
  CHECK_THROWS_TEXT(IndexError, "[tensordot] axis 2 is outside", tensordot(x, x, {{2}, {0}}));
  CHECK_THROWS_TEXT(TypeError, "[tensordot] dtypes differ: float32 and int32", tensordot(x, ones({3}, int32), 1));
  CHECK_THROWS_TEXT(ValueError, "[dot] axis 1 of shape (2, 3) and axis 0 of shape (2,) differ", dot(x, ones({2})));
  CHECK_THROWS_TEXT(TypeError, "[outer] dtypes differ: float32 and float64", outer(x, ones({2}, float64)));
  CHECK_THROWS_TEXT(ValueError, "[linalg.matvec] expected [..., m, k] x [..., k]: (3,) x (3,)",
                    linalg::matvec(ones({3}), ones({3})));
  CHECK_THROWS_TEXT(ValueError, "inner dimensions differ", linalg::matvec(x, ones({2})));
}

TEST_CASE("cross: as in NumPy's documentation, any axis, broadcasting, gradients") {
  const Tensor x = constant({1, 2, 3}), y = constant({4, 5, 6});
  CHECK_CLOSE(cross(x, y), {-3, 6, -3}, 0);
  CHECK_CLOSE(cross(stack({x, y}), stack({y, x})), tensor({-3, 6, -3, 3, -6, 3}, {2, 3}), 0);
  CHECK_CLOSE(cross(stack({x, y}, 1), stack({y, x}, 1), 0), tensor({-3, 3, 6, -6, -3, 3}, {3, 2}), 0);
  CHECK_CLOSE(cross(stack({x, y}), y), tensor({-3, 6, -3, 0, 0, 0}, {2, 3}), 0);
  CHECK(cross(zeros({0, 3}), ones({3})).shape() == Shape{0, 3});
  CHECK(check_gradients([](const Tensor& a, const Tensor& b) { return cross(a, b); }, some({2, 3}), some({1, 3})));
  CHECK_THROWS_TEXT(ValueError, "[cross] expected vectors of three elements along axis -1, received shape (2,)",
                    cross(ones({2}), ones({2})));
  CHECK_THROWS_TEXT(TypeError, "[cross] dtypes differ", cross(ones({3}), ones({3}, float64)));
  CHECK_THROWS_TEXT(ValueError, "[cross] shapes do not broadcast", cross(ones({2, 3}), ones({4, 3})));
}

TEST_CASE("inner, kron: errors") {
  CHECK_THROWS_TEXT(ValueError, "[inner] axis 1 of shape (2, 3) and axis 0 of shape (2,) differ",
                    inner(ones({2, 3}), ones({2})));
  CHECK_THROWS_TEXT(TypeError, "[kron] dtypes differ", kron(ones({3}), ones({3}, int32)));
}
