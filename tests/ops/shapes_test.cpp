#include "core/shapes_only.hpp"

#include "core/element_access.hpp"
#include "core/undo.hpp"
#include "ops/function_rows.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;
using namespace xtape::testing;

namespace {

/// The results of a row's op, and the gradients for its floating inputs.
Tensors with_gradients(const FunctionRow& row, const OpInputs& x) {
  const OpInputs sources = floating(x);
  GradientTape tape;
  tape.watch(sources);
  Tensors all{row.f(x)};
  if (sources.empty() || !is_floating(all[0].dtype())) return all;
  for (const Tensor& gradient : tape.gradient(all[0], sources)) all.push_back(gradient);
  return all;
}

}  // namespace

TEST_CASE("shapes only: every row of every op has its shapes and dtypes, its gradients too, without elements") {
  for (const auto& row : function_rows()) {
    CAPTURE(row.op);
    const OpInputs inputs = row.inputs(0);
    const Tensors expected = with_gradients(row, inputs);
    Tensors received;
    {
      const detail::Trial trial;
      const detail::ShapesOnly without_elements;
      OpInputs shapes;
      for (const Tensor& t : inputs) shapes.push_back(detail::make_tensor(t.shape(), t.dtype()));
      if (row.looks_at_elements) {
        CHECK_THROWS_WITH_AS(row.f(shapes), doctest::Contains("looks at the elements of a symbolic tensor"),
                             RuntimeError);
        continue;
      }
      received = with_gradients(row, shapes);
    }
    REQUIRE(received.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CAPTURE(i);
      REQUIRE(received[i].defined() == expected[i].defined());
      if (!expected[i].defined()) continue;
      CHECK(received[i].shape() == expected[i].shape());
      CHECK(received[i].dtype() == expected[i].dtype());
      // Results that have elements, because they depend only on constants, have the right ones.
      const bool known = !detail::ElementAccess::has_none(*received[i].impl());
      if (known) CHECK_SAME_BITS(received[i], expected[i]);
    }
  }
}
