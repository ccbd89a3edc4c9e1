#include <fstream>
#include <sstream>

#include "support/check.hpp"
#include "support/temp_dir.hpp"
#include "xtape/base/error.hpp"
#include "xtape/core/creation.hpp"
#include "xtape/ops/elementary.hpp"
#include "xtape/ops/math.hpp"
#include "xtape/ops/reduce.hpp"
#include "xtape/tape/gradient_tape.hpp"

using namespace xtape;

TEST_CASE("dot: the graph has a box for each leaf and op, and an arrow for each tensor") {
  const Variable w(zeros({2, 3}), {.name = "dense \"w\""});
  GradientTape tape;
  const Tensor squares = square(w), floors = floor(w);  // in this order
  const Tensor loss = reduce_sum(squares * floors);
  const std::string expected =
      "digraph tape {\n"
      "  rankdir=TB;\n"
      "  node [shape=box, fontname=\"sans-serif\"];\n"
      "  leaf0 [style=filled, fillcolor=lightyellow, label=\"dense \\\"w\\\": float32 (2, 3)\"];\n"
      "  op0 [label=\"square #1\"];\n"
      "  leaf0 -> op0 [label=\"float32 (2, 3)\"];\n"
      "  op1 [label=\"floor #2\", style=dashed];\n"
      "  leaf0 -> op1 [label=\"float32 (2, 3)\"];\n"
      "  op2 [label=\"multiply #3\"];\n"
      "  op0 -> op2 [label=\"float32 (2, 3)\"];\n"
      "  op1 -> op2 [label=\"float32 (2, 3)\"];\n"
      "  op3 [label=\"reduce_sum #4\"];\n"
      "  op2 -> op3 [label=\"float32 (2, 3)\"];\n"
      "}\n";
  CHECK(tape.dot() == expected);
  CHECK(tape.gradient(loss, w).defined());
  CHECK(tape.dot() == expected);
}

TEST_CASE("profile: a Chrome trace with an event for each op forward and backward, and times in the graph") {
  const testing::TempDir dir;
  const Variable w(zeros({100, 100}), {.name = "w"});
  GradientTape tape({.profile = true});
  const Tensor loss = reduce_sum(square(w));
  CHECK(tape.gradient(loss, w).defined());
  const std::string file = dir / "trace.json";
  tape.profile(file);
  std::ifstream in(file);
  std::ostringstream text;
  text << in.rdbuf();
  for (const char* part : {"{\"traceEvents\":[", "\"name\":\"square\",\"cat\":\"forward\",\"ph\":\"X\"",
                           "\"name\":\"square\",\"cat\":\"backward\"", "\"name\":\"reduce_sum\",\"cat\":\"backward\"",
                           "\"result\":\"(100, 100)\",\"bytes\":40000}"}) {
    CHECK_MESSAGE(text.str().find(part) != std::string::npos, part, " in ", text.str());
  }
  CHECK(tape.dot().find(" us, 40000 bytes)") != std::string::npos);
  CHECK_THROWS_TEXT(RuntimeError, "[GradientTape.profile] cannot write '/nowhere/t.json': No such file",
                    tape.profile("/nowhere/t.json"));
  const GradientTape plain;
  CHECK_THROWS_TEXT(RuntimeError, "[GradientTape.profile] the tape was made without {.profile = true}",
                    plain.profile(file));
}
