#include <map>

#include "core/element_access.hpp"
#include "support/check.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/linalg.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/nn.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;

namespace {
const Tensor x = constant({1.f, 2.f, 3.f});

void check_text(const Explanation& explanation, bool connected, const std::string& text) {
  CHECK(explanation.connected == connected);
  CHECK_MESSAGE(explanation.text.find(text) != std::string::npos, "expected '", text, "' in '", explanation.text, "'");
}
}  // namespace

TEST_CASE("explain: a connected pair has its path") {
  const Variable w(constant({{1.f}, {2.f}, {3.f}}), {.name = "w"});
  GradientTape tape;
  const Tensor loss = reduce_sum(square(matmul(reshape(x, {1, 3}), w)));
  for (int i = 0; i < 2; ++i) {  // before and after gradient()
    const Explanation e = tape.explain(loss, w);
    check_text(e, true, "connected: variable 'w', matmul #1 -> (1, 1), square #2 -> (1, 1), reduce_sum #3 -> ()");
    CHECK(e.path == std::vector<std::string>{"matmul #1 -> (1, 1)", "square #2 -> (1, 1)", "reduce_sum #3 -> ()"});
    if (i == 0) CHECK(tape.gradient(loss, w).defined());
  }
  check_text(tape.explain(w, w), true, "the target is the source itself");
}

TEST_CASE("explain: what was not watched, or too late") {
  GradientTape tape;
  const Tensor y = square(x);
  check_text(tape.explain(y, x), false, "the source was not watched: call tape.watch(source)");
  tape.watch(x);
  check_text(tape.explain(y, x), false, "before its inputs were watched");
  const Tensor z = square(constant(2.0));
  check_text(tape.explain(z, x), false, "from nothing that is watched");
  CHECK_FALSE(tape.gradient(y, x));
  check_text(tape.explain(y, x), false, "before its inputs were watched");
}

TEST_CASE("explain: variables that are not watched by themselves") {
  const Variable frozen(x, {.trainable = false, .name = "frozen"}), unread(x, {.name = "unread"}), w(x, {.name = "w"});
  GradientTape tape;
  const Tensor y = reduce_sum(w * frozen);
  check_text(tape.explain(y, frozen), false, "variable 'frozen' is not trainable");
  check_text(tape.explain(y, unread), false, "variable 'unread' was not read while the tape recorded");
  GradientTape closed({.watch_accessed_variables = false});
  const Tensor z = reduce_sum(w * 2);
  check_text(closed.explain(z, w), false, ".watch_accessed_variables = false and variable 'w' was not watched");
}

TEST_CASE("explain: what was computed before the tape recorded") {
  GradientTape first;
  first.watch(x);
  const Tensor y = square(x);
  GradientTape second;
  second.watch(x);
  const Tensor z = x * 2;
  check_text(second.explain(z, y), false, "the source was computed before this tape recorded");
  check_text(second.explain(y, x), false, "the target was computed before this tape recorded");
}

TEST_CASE("explain: ops without a gradient are named, wherever they stand on the path") {
  const Variable w(x, {.name = "w"});
  GradientTape tape({.persistent = true});
  const Tensor winner = argmax(w), as_float = cast(winner, float32), y = as_float * 3;
  check_text(tape.explain(y, w), false,
             "the path passes through argmax #1 -> (), whose result is int64: only floating tensors have gradients");
  CHECK(tape.explain(y, w).path.size() == 3);
  check_text(tape.explain(winner, w), false, "argmax #1");
  const Tensor behind = reduce_sum(stop_gradient(square(w)) + 1);
  check_text(tape.explain(behind, w), false, "the target is behind stop_gradient at op #5");
  check_text(tape.explain(reduce_sum(floor(w)), w), false, "floor #8 -> (3,), an op without a gradient");
  check_text(tape.explain(reduce_sum(cast(w, int32)), w), false, "cast #10 -> (3,), whose result is int32");
  check_text(tape.explain(cast(greater(w, 2.0), float32), w), false, "greater #12 -> (3,), whose result is bool");
  // Another input has a path with a gradient.
  const Variable v(x, {.name = "v"});
  const Tensor mixed = reduce_sum(v * 2 + cast(argmax(w), float32));
  check_text(tape.explain(mixed, w), false, "the path passes through argmax");
  check_text(tape.explain(mixed, v), true, "connected: variable 'v'");
}

TEST_CASE("explain: assignments") {
  const Variable w(x, {.name = "w"}), state(zeros({3}), {.name = "state"});
  {
    GradientTape tape;
    Variable(state).assign(w * 2);
    const Tensor y = reduce_sum(square(state));
    CHECK_FALSE(tape.gradient(y, w));
    check_text(tape.explain(y, w), false, "the value passed through an assignment to variable 'state'");
    CHECK(tape.explain(y, w).path == std::vector<std::string>{"multiply #1 -> (3,)", "assignment to variable 'state'",
                                                              "square #2 -> (3,)", "reduce_sum #3 -> ()"});
  }
  GradientTape tape;
  Variable(state).assign_add(w);
  check_text(tape.explain(state * 1, w), false, "assignment to variable 'state'");
}

TEST_CASE("explain: not connected") {
  const Variable a(x, {.name = "a"}), b(x, {.name = "b"}), c(x, {.name = "c"});
  GradientTape tape;
  const Tensor y = square(a), z = exp(b);
  tape.watch(c);
  check_text(tape.explain(z, a), false,
             "not connected: the target does not depend on variable 'a', whose first use is square #1 -> (3,)");
  check_text(tape.explain(z, c), false, "not connected: no op that the tape recorded uses variable 'c'");
}

TEST_CASE("explain: integers, empty tensors") {
  GradientTape tape;
  const Tensor i = constant({1, 2});
  check_text(tape.explain(i, i), false, "the source is int32: only floating tensors have gradients");
  CHECK_THROWS_TEXT(TypeError, "[GradientTape.explain] argument `target`", tape.explain(Tensor(), x));
  CHECK_THROWS_TEXT(TypeError, "[GradientTape.explain] the source", tape.explain(x, Tensor()));
}

TEST_CASE("explain: a used-up tape holds no tensors") {
  Variable w(x, {.name = "w"});
  GradientTape tape;
  const Tensor loss = reduce_sum(square(w));
  CHECK(tape.gradient(loss, w).defined());
  CHECK(tape.num_records() == 0);
  const std::byte* before = detail::ElementAccess::of(w.peek());
  w.assign_add(x);
  CHECK(detail::ElementAccess::of(w.peek()) == before);  // in place, since the value is not shared
  check_text(tape.explain(loss, w), true, "square #1");
  {
    const auto scope = tape.scope();  // a new record
    const Tensor other = exp(w);
    check_text(tape.explain(other, w), true, "connected: variable 'w', exp #1");
  }
}

TEST_CASE("explain: long records are searched without recursion") {
  const Variable w(constant(1.0), {.name = "w"});
  GradientTape tape;
  Tensor y = w;
  for (int i = 0; i < 100'000; ++i) y = y + 1;
  const Explanation e = tape.explain(y, w);
  CHECK(e.connected);
  CHECK(e.path.size() == 100'000);
}
