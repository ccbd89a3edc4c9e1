// The messages of event files, with PNG images, from any numbers, shapes and texts.
#include "io/events.hpp"
#include "fuzz/choices.hpp"
#include "io/tf_record.hpp"

using namespace xtape;
using fuzzing::Choices;

namespace {

std::string event(Choices& c, const std::string& text) {
  const detail::EventTime time{c.real(), c.integer()};
  switch (c.below(5)) {
    case 0:
      return detail::scalar_event(time, text, static_cast<float>(c.byte()));
    case 1: {
      const Tensor values = c.tensor();
      return detail::histogram_event(time, "h", values, c.integer());
    }
    case 2: {
      const Tensor images = c.tensor();
      return detail::image_event(time, "i", images, c.integer());
    }
    case 3:
      return detail::text_event(time, "t", text);
    default: {
      std::vector<summary::GraphNode> nodes(c.below(4));
      for (auto& node : nodes) {
        node.name = text.substr(0, c.below(8));
        node.op = text.substr(c.below(text.size() + 1));
        node.inputs = {text.substr(0, c.below(8))};
        node.output_shapes = {Shape(c.numbers<std::int64_t>())};
        node.attributes = {{node.name, node.op}};
      }
      return detail::graph_event(c.real(), nodes);
    }
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Choices choices(data, size);
  const std::string text(fuzzing::text_of(data, size).substr(0, 40));
  return fuzzing::only_errors([&] {
    std::string records;
    detail::append_tf_record(records, event(choices, text));
    if (records.size() < 16) fuzzing::fail("a record without its frame");
  });
}

std::vector<std::string> fuzzing::seeds() {
  std::vector<std::string> all;
  for (char kind = 0; kind < 5; ++kind) {
    for (const char* rest : {"some text", "\4\2\2\2\1\1\1\1\1\1", "\4\2\3\3\3\3\2\2\3\3\3\3\3"}) {
      all.push_back(std::string("d\5") + kind + rest);
    }
  }
  return all;
}
