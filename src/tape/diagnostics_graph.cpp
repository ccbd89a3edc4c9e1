#include <fmt/format.h>

#include "base/check.hpp"
#include "tape/diagnostics.hpp"

// Exports the record for other programs: in Graphviz's language, and in Chrome's trace format (Trace Event Format,
// Google 2016).
namespace xtape::detail {
namespace {

/// A quoted string, valid in DOT and JSON.
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

}  // namespace

void Diagnostics::note_forward(std::span<const Tensor> outputs) {
  Times times;
  times.begin = last_time_;
  last_time_ = now();
  times.forward = last_time_ - times.begin;
  for (const auto& output : outputs) times.bytes += output.size() * static_cast<std::int64_t>(itemsize(output.dtype()));
  times_.push_back(times);
}

void Diagnostics::note_backward(std::size_t op, double begin) {
  times_[op].backward_begin = begin;
  times_[op].backward += now() - begin;
}

std::string Diagnostics::dot() const {
  std::string text = "digraph tape {\n  rankdir=TB;\n  node [shape=box, fontname=\"sans-serif\"];\n";
  // A box for each leaf and each op, an arrow for each tensor.
  PoolVector<std::int64_t> made_by(record_.num_slots(), -1);
  for (std::size_t r = 0; r < record_.num_ops(); ++r) {
    const RecordedOp& op = record_.op(r);
    for (std::uint32_t k = 0; k < op.num_outputs; ++k) made_by[op.first_output + k] = static_cast<std::int64_t>(r);
  }
  const auto type_of = [&](Slot slot) {
    return fmt::format("{} {}", record_.info(slot).dtype, record_.shape_of(slot));
  };
  for (Slot slot = 0; slot < record_.num_slots(); ++slot) {
    if (made_by[slot] >= 0 || record_.info(slot).use == TapeRecord::Use::none) continue;
    std::string name = "watched";
    for (const auto& variable : record_.variables()) {
      record_.for_each_leaf_of(variable.impl(), [&](Slot leaf) {
        if (leaf == slot) name = variable.name();
      });
    }
    text += fmt::format("  leaf{} [style=filled, fillcolor=lightyellow, label={}];\n", slot,
                        in_quotes(name + ": " + type_of(slot)));
  }
  for (std::size_t r = 0; r < record_.num_ops(); ++r) {
    const RecordedOp& op = record_.op(r);
    std::string label = fmt::format("{} #{}", op.name, r + 1);
    if (r < times_.size()) {
      const Times& t = times_[r];
      label += fmt::format(" ({:.1f} us, backward {:.1f} us, {} bytes)", t.forward, t.backward, t.bytes);
    }
    text += fmt::format("  op{} [label={}{}];\n", r, in_quotes(label), op.table == nullptr ? ", style=dashed" : "");
    for (const Slot input : op.inputs()) {
      if (input == no_slot) continue;
      const Slot slot = bare(input);
      const std::string from = made_by[slot] >= 0 ? fmt::format("op{}", made_by[slot]) : fmt::format("leaf{}", slot);
      text += fmt::format("  {} -> op{} [label={}];\n", from, r, in_quotes(type_of(slot)));
    }
  }
  return text + "}\n";
}

std::string Diagnostics::chrome_trace() const {
  std::string events;
  const double start = times_.empty() ? 0 : times_.front().begin;
  const auto add = [&](std::size_t r, const char* phase, int row, double begin, double duration) {
    const RecordedOp& op = record_.op(r);
    std::string shapes;
    for (std::uint32_t k = 0; k < op.num_outputs; ++k) {
      shapes += fmt::format("{}{}", k == 0 ? "" : ", ", record_.shape_of(op.first_output + k));
    }
    events += fmt::format(
        "{}\n{{\"name\":{},\"cat\":\"{}\",\"ph\":\"X\",\"pid\":1,\"tid\":{},\"ts\":{:.3f},\"dur\":{:.3f},\"args\":"
        "{{\"op\":{},\"result\":{},\"bytes\":{}}}}}",
        events.empty() ? "" : ",", in_quotes(op.name), phase, row, begin - start, duration, r + 1, in_quotes(shapes),
        times_[r].bytes);
  };
  for (std::size_t r = 0; r < times_.size(); ++r) {
    add(r, "forward", 1, times_[r].begin, times_[r].forward);
    if (times_[r].backward > 0) add(r, "backward", 2, times_[r].backward_begin, times_[r].backward);
  }
  return "{\"traceEvents\":[" + events + "\n],\"displayTimeUnit\":\"ns\"}\n";
}

}  // namespace xtape::detail
