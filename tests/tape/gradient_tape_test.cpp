#include "xtape/tape/gradient_tape.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/check.hpp"
#include "support/warning_capture.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/contraction.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/movement.hpp"
#include "xtape/ops/reduce.hpp"

using namespace xtape;

namespace {

std::vector<std::string> names(const std::vector<Variable>& variables) {
  std::vector<std::string> list;
  for (const auto& v : variables) list.push_back(v.name());
  return list;
}

constexpr const char* not_recording = "Tape is not recording.";
constexpr const char* used_up =
    "[GradientTape.gradient] A non-persistent GradientTape can only be used to compute one set of gradients (or "
    "jacobians)";

}  // namespace

TEST_CASE("GradientTape: records from its construction to its end") {
  CHECK_FALSE(is_recording());
  {
    GradientTape tape;
    CHECK(is_recording());
    CHECK(tape.is_recording());
    {
      GradientTape inner;
      CHECK(inner.is_recording());
    }
    CHECK(is_recording());
    tape.stop();
    CHECK_FALSE(is_recording());
    CHECK_FALSE(tape.is_recording());
    tape.stop();  // ends twice without an error
  }
  CHECK_FALSE(is_recording());
}

TEST_CASE("GradientTape: what happens before and after the scope is not seen") {
  const Tensor x = constant(3.0);
  const Tensor before = x * x;
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor inside = x * x;
  tape.stop();
  const Tensor after = x * x;
  const Tensor continued = inside * x;
  CHECK_CLOSE(tape.gradient(inside, x), 6.0);
  CHECK_FALSE(tape.gradient(before, x));
  CHECK_FALSE(tape.gradient(after, x));
  CHECK_FALSE(tape.gradient(continued, x));
  CHECK_FALSE(tape.gradient(continued, inside));
}

TEST_CASE("GradientTape: the result of an op without a gradient can be watched") {
  const Tensor x = constant(3.0);
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor y = stop_gradient(x * x);
  tape.watch(y);
  const Tensor z = y * y * x;  // at y = 9
  tape.stop();
  CHECK_CLOSE(tape.gradient(z, y), 2 * 9.0 * 3.0);
  CHECK_CLOSE(tape.gradient(z, x), 81.0);
  CHECK_FALSE(tape.gradient(y, x));
}

TEST_CASE("GradientTape: watching does not reach back to earlier ops") {
  const Tensor x = constant(3.0);
  GradientTape tape;
  const Tensor early = x * x;
  CHECK(tape.num_records() == 0);
  tape.watch(x);
  const Tensor late = x * x;
  CHECK(tape.num_records() == 1);
  CHECK_CLOSE(tape.gradient(early + late, x), 6.0);
}

TEST_CASE("GradientTape: scope() resumes the same record") {
  const Tensor x = constant(2.0);
  GradientTape tape;
  tape.watch(x);
  const Tensor y = x * x;
  tape.stop();
  const Tensor unseen = x * 10;
  Tensor z;
  {
    const auto scope = tape.scope();
    CHECK(tape.is_recording());
    z = y * x + unseen;  // x^3, and 10 x as a constant
  }
  CHECK_FALSE(tape.is_recording());
  CHECK_CLOSE(tape.gradient(z, x), 12.0);
}

TEST_CASE("GradientTape: entering a tape that records is an error") {
  GradientTape tape;
  CHECK_THROWS_TEXT(ValueError,
                    "[GradientTape.scope] Tape is still recording, This can happen if you try to re-enter an "
                    "already-active tape.",
                    tape.scope());
  CHECK(tape.is_recording());
}

TEST_CASE("GradientTape: after gradient() a resumed tape begins a new record") {
  const Variable v(constant(2.0), {.name = "v"}), w(constant(5.0), {.name = "w"});
  GradientTape tape;
  const Tensor old = v * v;
  CHECK_CLOSE(tape.gradient(old, v), 4.0);
  CHECK(names(tape.watched_variables()) == std::vector<std::string>{"v"});
  {
    const auto scope = tape.scope();
    CHECK(tape.watched_variables().empty());
    const Tensor y = w * w * old;
    CHECK_CLOSE(tape.gradient(y, {w, v}, {.unconnected_gradients = UnconnectedGradients::zero})[0], 40.0);
  }
  CHECK(names(tape.watched_variables()) == std::vector<std::string>{"w"});
  CHECK_THROWS_TEXT(RuntimeError, used_up, tape.gradient(old, v));
}

TEST_CASE("GradientTape: stop_recording suspends and always resumes") {
  const Tensor x = constant(3.0);
  GradientTape tape;
  tape.watch(x);
  Tensor hidden;
  {
    const auto pause = tape.stop_recording();
    CHECK_FALSE(tape.is_recording());
    hidden = x * x;
  }
  CHECK(tape.is_recording());
  try {
    const auto pause = tape.stop_recording();
    throw ValueError("inside");
  } catch (const ValueError&) {
  }
  CHECK(tape.is_recording());
  const Tensor y = hidden * x;
  CHECK_CLOSE(tape.gradient(y, x), 9.0);
}

TEST_CASE("GradientTape: gradient() inside stop_recording; what follows goes to a new record") {
  const Tensor x = constant(3.0);
  GradientTape tape;
  tape.watch(x);
  const Tensor y = x * x;
  {
    const auto pause = tape.stop_recording();
    CHECK_CLOSE(tape.gradient(y, x), 6.0);
  }
  CHECK(tape.is_recording());
  tape.watch(x);
  const Tensor z = x * x * x;
  CHECK_CLOSE(tape.gradient(z, x), 27.0);
}

TEST_CASE("GradientTape: stop_recording of a tape that does not record is an error") {
  GradientTape tape;
  const Tensor x = constant(3.0);
  tape.watch(x);
  tape.stop();
  CHECK_THROWS_TEXT(ValueError, not_recording, tape.stop_recording());
  tape.gradient(x, x);
  CHECK_THROWS_TEXT(RuntimeError,
                    "[GradientTape.stop_recording] Trying to stop recording a tape which is not recording.",
                    tape.stop_recording());
}

TEST_CASE("GradientTape: reset forgets records and watches") {
  const Variable v(constant(2.0), {.name = "v"});
  const Tensor x = constant(3.0);
  GradientTape tape;
  tape.watch(x);
  const Tensor before = x * v;
  tape.reset();
  CHECK(tape.is_recording());
  CHECK(tape.num_records() == 0);
  CHECK(tape.watched_variables().empty());
  const Tensor unwatched = x * x;  // the watch is lost
  const Tensor y = before * v;     // read again, the variable is watched again
  const Tensors grads = tape.gradient(y + unwatched, {x, v});
  CHECK_FALSE(grads[0].defined());
  CHECK_CLOSE(grads[1], 6.0);
}

TEST_CASE("GradientTape: reset and watch outside the scope are errors") {
  GradientTape tape;
  tape.stop();
  CHECK_THROWS_TEXT(ValueError, not_recording, tape.reset());
  CHECK_THROWS_TEXT(RuntimeError, not_recording, tape.watch(constant(1.0)));
  CHECK_THROWS_TEXT(RuntimeError, not_recording, tape.watch(Variable(constant(1.0))));
}

TEST_CASE("GradientTape: trainable variables are watched when they are read") {
  const Variable a(constant(2.0), {.name = "a"}), b(constant(3.0), {.name = "b"}), unread(constant(1.0));
  const Variable fixed(constant(5.0), {.trainable = false, .name = "fixed"});
  GradientTape tape({.persistent = true});
  Tensor y = b * fixed;
  y = y * a;
  const Tensor peeked = a.peek() * unread.peek();
  tape.stop();
  CHECK(names(tape.watched_variables()) == std::vector<std::string>{"a", "b"});  // as constructed
  CHECK_CLOSE(tape.gradient(y, a), 15.0);
  CHECK_CLOSE(tape.gradient(y, b), 10.0);
  CHECK_FALSE(tape.gradient(y, fixed));
  CHECK_FALSE(tape.gradient(peeked, unread));
}

TEST_CASE("GradientTape: watch_accessed_variables = false leaves the choice to watch()") {
  const Variable a(constant(2.0)), b(constant(3.0)), fixed(constant(5.0), {.trainable = false});
  GradientTape tape({.persistent = true, .watch_accessed_variables = false});
  tape.watch(b);
  tape.watch(fixed);
  const Tensor y = a * b * fixed;
  tape.stop();
  CHECK_FALSE(tape.gradient(y, a));
  CHECK_CLOSE(tape.gradient(y, b), 10.0);
  CHECK_CLOSE(tape.gradient(y, fixed), 6.0);
  CHECK(tape.watched_variables().size() == 2);
}

TEST_CASE("GradientTape: a variable whose value was watched as a tensor is known as itself too") {
  const Variable v(constant(3.0), {.name = "v"});
  GradientTape tape({.persistent = true});
  tape.watch(v.peek());
  const Tensor y = v * v;
  tape.stop();
  CHECK_CLOSE(tape.gradient(y, v), 6.0);
  CHECK_CLOSE(tape.gradient(y, v.peek()), 6.0);
  CHECK(names(tape.watched_variables()) == std::vector<std::string>{"v"});
}

TEST_CASE("GradientTape: watched_variables are known after gradient() and name each variable once") {
  const Variable a(constant(2.0), {.name = "a"});
  GradientTape tape;
  Tensor y = a * a;
  a.peek();
  Variable same = a;
  y = y * same;
  same.assign_add(constant(1.0));
  y = y * a;
  tape.gradient(y, a);
  CHECK(names(tape.watched_variables()) == std::vector<std::string>{"a"});
}

TEST_CASE("GradientTape: a tape resumed inside another one shows both what is read") {
  const Variable v(constant(3.0));
  GradientTape first({.persistent = true});
  Tensor y = v * v;
  first.stop();
  GradientTape outer;
  {
    const auto scope = first.scope();
    y = v * v;
  }
  CHECK_CLOSE(outer.gradient(y, v), 6.0);
  CHECK_CLOSE(first.gradient(y, v), 6.0);
}

TEST_CASE("GradientTape: a trainable variable that was not one is watched from then on") {
  Variable v(constant(3.0), {.trainable = false});
  GradientTape tape;
  const Tensor before = v * v;
  v.set_trainable(true);
  const Tensor after = v * v;
  CHECK_CLOSE(tape.gradient(before + after, v), 6.0);
}

TEST_CASE("GradientTape: watching what is not floating is a warning and without effect") {
  const testing::WarningCapture warnings;
  const Tensor i = constant({1, 2, 3});
  GradientTape tape;
  for (int k = 0; k < 8; ++k) tape.watch(i);
  CHECK(warnings.count() <= 5);  // TensorFlow: the first five of the process
  CHECK(warnings.count() >= 1);
  CHECK(warnings.text().find("[GradientTape.watch] the dtype of the watched tensor must be floating, received int32") !=
        std::string::npos);
  const Tensor y = i * i;
  CHECK(tape.num_records() == 0);
  CHECK_FALSE(tape.gradient(y, i));
}

TEST_CASE("GradientTape: watch takes lists, and an empty tensor is an error") {
  const Tensor a = constant(2.0), b = constant(3.0);
  const Variable v(constant(4.0), {.trainable = false});
  GradientTape tape({.persistent = true});
  tape.watch(std::vector<Tensor>{a});
  tape.watch({b, v});
  const Tensor y = a * b * v;
  tape.stop();
  CHECK_CLOSE(tape.gradient(y, a), 12.0);
  CHECK_CLOSE(tape.gradient(y, b), 8.0);
  CHECK_CLOSE(tape.gradient(y, v), 6.0);
  GradientTape other;
  CHECK_THROWS_TEXT(ValueError, "[GradientTape.watch] expected a tensor, received an empty one", other.watch(Tensor()));
}

TEST_CASE("GradientTape: a plain number that is watched becomes a tensor of its own dtype") {
  const Tensor x = 3.0;
  GradientTape tape;
  tape.watch(x);
  const Tensor y = x * x;
  CHECK(y.dtype() == float32);
  CHECK_CLOSE(tape.gradient(y, x), 6.0);
}

TEST_CASE("GradientTape: one call of gradient() without persistent, many with") {
  const Tensor x = constant(3.0);
  GradientTape once;
  once.watch(x);
  const Tensor y = x * x;
  CHECK_CLOSE(once.gradient(y, x), 6.0);
  CHECK_FALSE(once.is_recording());
  CHECK(once.num_records() == 0);
  CHECK_THROWS_TEXT(RuntimeError, used_up, once.gradient(y, x));

  GradientTape many({.persistent = true});
  many.watch(x);
  const Tensor z = x * x, w = z * z;
  many.stop();
  CHECK_CLOSE(many.gradient(w, x), 108.0);
  CHECK_CLOSE(many.gradient(z, x), 6.0);
  CHECK_CLOSE(many.gradient(w, x), 108.0);
  CHECK(many.num_records() == 2);
}

TEST_CASE("GradientTape: gradient() inside the scope ends the recording, or warns when persistent") {
  const Tensor x = constant(3.0);
  {
    const testing::WarningCapture warnings;
    GradientTape tape;
    tape.watch(x);
    const Tensor y = x * x;
    CHECK_CLOSE(tape.gradient(y, x), 6.0);
    CHECK_FALSE(tape.is_recording());
    CHECK(warnings.count() == 0);
  }
  const testing::WarningCapture warnings;
  GradientTape tape({.persistent = true});
  tape.watch(x);
  const Tensor y = x * x * x;
  const Tensor dy = tape.gradient(y, x);
  tape.gradient(y, x);
  CHECK(tape.is_recording());
  CHECK(warnings.count() <= 1);  // once in a process, in which another test may have been the first
  for (const auto& warning : warnings.messages())
    CHECK(warning.find("[GradientTape.gradient] called inside the scope of a persistent tape: the backward ops are "
                       "recorded as well") == 0);
  CHECK_CLOSE(tape.gradient(dy, x), 18.0);  // the backward ops are on the tape themselves
}

TEST_CASE("GradientTape: that a persistent tape records its gradient() is said once in a process") {
  const auto step = [] {
    const Tensor x = constant(3.0);
    GradientTape tape({.persistent = true});
    tape.watch(x);
    CHECK_CLOSE(tape.gradient(x * x, x), 6.0);
  };
  {
    const testing::WarningCapture warnings;
    step();
    CHECK(warnings.count() <= 1);  // another test may have been the first
  }
  const testing::WarningCapture warnings;
  for (int i = 0; i < 3; ++i) step();
  CHECK(warnings.count() == 0);
}

TEST_CASE("GradientTape: of two tapes side by side the second records the gradient() of the first") {
  const Tensor x = constant(3.0);
  const auto records = [&](bool stopped) {
    GradientTape first, second;
    first.watch(x);
    second.watch(x);
    const Tensor y = x * x * x, z = x * x;
    if (stopped) {
      first.stop();
      second.stop();
    }
    const std::size_t forward = second.num_records();
    const Tensor dy = first.gradient(y, x);
    const std::size_t more = second.num_records() - forward;
    CHECK_CLOSE(dy, 27.0);
    CHECK_CLOSE(second.gradient(z, x), 6.0);
    return more;
  };
  CHECK(records(false) > 0);
  CHECK(records(true) == 0);
}

TEST_CASE("GradientTape: a moved tape goes on where it was") {
  const Tensor x = constant(3.0);
  GradientTape tape;
  tape.watch(x);
  const Tensor y = x * x;
  GradientTape moved = std::move(tape);
  CHECK(moved.is_recording());
  const Tensor z = y * x;
  CHECK_CLOSE(moved.gradient(z, x), 27.0);
  CHECK_FALSE(tape.is_recording());  // NOLINT(bugprone-use-after-move): what is left says so
  CHECK(tape.num_records() == 0);
  CHECK_THROWS_TEXT(RuntimeError, "[GradientTape] the tape has been moved from", tape.gradient(z, x));
  CHECK_THROWS_TEXT(RuntimeError, "[GradientTape] the tape has been moved from", tape.watch(x));

  std::optional<GradientTape> scoped;
  {
    GradientTape other;
    other.stop();
    const auto scope = other.scope();
    scoped.emplace(std::move(other));
    CHECK(scoped->is_recording());
  }
  CHECK_FALSE(scoped->is_recording());

  GradientTape target;
  target = GradientTape();
  CHECK(target.is_recording());
  target.watch(x);
  CHECK_CLOSE(target.gradient(x * x, x), 6.0);
  CHECK_FALSE(is_recording());
}

TEST_CASE("GradientTape: watch takes structures of tensors and variables, and results of ops as vectors") {
  const Tensor x = constant({1.0, 2.0, 3.0, 4.0}, float64);
  const std::vector<Tensor> halves = split(x, 2);
  const Variable frozen(constant(3.0, float64), {.trainable = false});
  GradientTape tape({.persistent = true});
  tape.watch(halves);
  tape.watch(std::vector<Variable>{frozen});
  tape.watch(std::pair(x, std::map<std::string, Variable>{{"w", frozen}}));
  const Tensor loss = reduce_sum(halves[0] * halves[1]) * frozen;
  const std::vector<Tensor> grads = tape.gradient(loss, halves);
  CHECK_CLOSE(grads[0], {9, 12}, 0);
  CHECK_CLOSE(grads[1], {3, 6}, 0);
  CHECK_CLOSE(tape.gradient(loss, frozen), 11, 0);
  CHECK_CLOSE(einsum("i,i->", split(x, 2)), 11, 0);
  CHECK(meshgrid(split(x, 2)).size() == 2);
}
