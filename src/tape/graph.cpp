#include <fmt/format.h>

#include "base/check.hpp"
#include "tape/tape_impl.hpp"

// The record as others draw it: Graphviz's language, and the trace format of Chrome (Trace Event Format, Google 2016).
namespace xtape::detail {
namespace {

/// Between quotation marks, in DOT as in JSON.
std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      result += ' ';
    } else {
      result += c;
    }
  }
  return result + '"';
}

constexpr Slot bare(Slot slot) { return slot & ~cut_off; }

}  // namespace

void TapeImpl::note_forward(std::span<const Tensor> outputs) {
  Timing timing;
  timing.begin = last_time_;
  last_time_ = now();
  timing.forward = last_time_ - timing.begin;
  for (const auto& output : outputs)
    timing.bytes += output.size() * static_cast<std::int64_t>(itemsize(output.dtype()));
  timings_.push_back(timing);
}

std::string TapeImpl::dot() const {
  std::string text = "digraph tape {\n  rankdir=TB;\n  node [shape=box, fontname=\"sans-serif\"];\n";
  // A box for each leaf and each op, an arrow for each tensor.
  PoolVector<std::int64_t> made_by(slots_.size(), -1);
  for (std::size_t r = 0; r < records_.size(); ++r) {
    for (std::uint32_t k = 0; k < records_[r]->num_outputs; ++k) {
      made_by[records_[r]->first_output + k] = static_cast<std::int64_t>(r);
    }
  }
  const auto type_of = [&](Slot slot) { return fmt::format("{} {}", slots_[slot].dtype, shapes_[slots_[slot].shape]); };
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    if (made_by[slot] >= 0 || slots_[slot].use == Use::none) continue;
    std::string name = "watched";
    for (const auto& variable : variables_) {
      for_each_leaf_of(variable.impl(), [&](Slot leaf) {
        if (leaf == slot) name = variable.name();
      });
    }
    text += fmt::format("  leaf{} [style=filled, fillcolor=lightyellow, label={}];\n", slot,
                        in_quotes(name + ": " + type_of(static_cast<Slot>(slot))));
  }
  for (std::size_t r = 0; r < records_.size(); ++r) {
    const Record& record = *records_[r];
    std::string label = fmt::format("{} #{}", record.name, r + 1);
    if (r < timings_.size()) {
      const Timing& t = timings_[r];
      label += fmt::format(" ({:.1f} us, backward {:.1f} us, {} bytes)", t.forward, t.backward, t.bytes);
    }
    text += fmt::format("  op{} [label={}{}];\n", r, in_quotes(label), record.table == nullptr ? ", style=dashed" : "");
    for (const Slot input : record.inputs()) {
      if (input == no_slot) continue;
      const Slot slot = bare(input);
      const std::string from = made_by[slot] >= 0 ? fmt::format("op{}", made_by[slot]) : fmt::format("leaf{}", slot);
      text += fmt::format("  {} -> op{} [label={}];\n", from, r, in_quotes(type_of(slot)));
    }
  }
  return text + "}\n";
}

std::string TapeImpl::chrome_trace() const {
  std::string events;
  const double start = timings_.empty() ? 0 : timings_.front().begin;
  const auto add = [&](std::size_t r, const char* phase, int row, double begin, double duration) {
    const Record& record = *records_[r];
    std::string shapes;
    for (std::uint32_t k = 0; k < record.num_outputs; ++k) {
      shapes += fmt::format("{}{}", k == 0 ? "" : ", ", shapes_[slots_[record.first_output + k].shape]);
    }
    events += fmt::format(
        "{}\n{{\"name\":{},\"cat\":\"{}\",\"ph\":\"X\",\"pid\":1,\"tid\":{},\"ts\":{:.3f},\"dur\":{:.3f},\"args\":"
        "{{\"op\":{},\"result\":{},\"bytes\":{}}}}}",
        events.empty() ? "" : ",", in_quotes(record.name), phase, row, begin - start, duration, r + 1,
        in_quotes(shapes), timings_[r].bytes);
  };
  for (std::size_t r = 0; r < timings_.size(); ++r) {
    add(r, "forward", 1, timings_[r].begin, timings_[r].forward);
    if (timings_[r].backward > 0) add(r, "backward", 2, timings_[r].backward_begin, timings_[r].backward);
  }
  return "{\"traceEvents\":[" + events + "\n],\"displayTimeUnit\":\"ns\"}\n";
}

}  // namespace xtape::detail
