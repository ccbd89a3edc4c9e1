#include "function/program.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>

#include "core/convert.hpp"
#include "core/element_access.hpp"
#include "function/arena_plan.hpp"
#include "kernels/parallel.hpp"
#include "xtape/base/error.hpp"

namespace xtape::detail {
namespace {

using Kind = TracedTensor::Kind;

const Tensor no_tensor;

std::int64_t bytes_of(const TracedTensor& tensor) {
  return tensor.shape.numel() * static_cast<std::int64_t>(itemsize(tensor.dtype));
}

/// The number of elements of the pieces in which fused steps run, and the number of buffers for one piece.
constexpr std::int64_t piece = 1024;
constexpr std::uint8_t max_buffers = 8, no_buffer = 255;
/// From this number of elements on fusing pays: separate steps would not keep their results in the cache.
constexpr std::int64_t worth_fusing = 8 * piece;

}  // namespace

Program::Program(Trace trace) : trace_(std::move(trace)) {
  remove_unused();
  find_lives();
  find_stretches();
  plan_memory();
  bind();
  bind_directly();
}

Place Program::base_of(Place place) const {
  while (trace_.tensors[place].kind == Kind::view) place = trace_.tensors[place].base;
  return place;
}

/// Removes steps whose results are not used.
void Program::remove_unused() {
  std::vector<bool> needed(trace_.tensors.size(), false);
  for (const Place place : trace_.results) needed[base_of(place)] = true;
  std::vector<TracedStep> kept;
  for (auto step = trace_.steps.rbegin(); step != trace_.steps.rend(); ++step) {
    const std::size_t inputs = step->places.size() - step->outputs;
    bool runs = step->kind != LaunchKind::pure;
    for (std::size_t i = inputs; i < step->places.size(); ++i) runs = runs || needed[base_of(step->places[i])];
    if (!runs) continue;
    for (const Place place : step->places) needed[base_of(place)] = true;
    kept.push_back(std::move(*step));
  }
  std::reverse(kept.begin(), kept.end());
  trace_.steps = std::move(kept);
}

void Program::find_lives() {
  lives_.resize(trace_.tensors.size());
  escapes_.resize(trace_.tensors.size(), false);
  const auto use = [&](Place place, std::size_t step) {
    Life& life = lives_[base_of(place)];
    life.first = std::min(life.first, step);
    life.last = std::max(life.last, step);
  };
  for (std::size_t i = 0; i < trace_.steps.size(); ++i) {
    for (const Place place : trace_.steps[i].places) use(place, i);
  }
  for (const Place place : trace_.results) {
    use(place, trace_.steps.size());
    escapes_[base_of(place)] = true;
  }
  // If the old value of a variable is read after a step that writes to the variable, it is held until then.
  std::unordered_map<const VariableImpl*, std::vector<std::size_t>> writers;  // the steps, in order
  for (std::size_t i = 0; i < trace_.steps.size(); ++i) {
    for (const Variable& written : trace_.steps[i].writes) writers[written.impl()].push_back(i);
  }
  for (Place place = 0; place < trace_.tensors.size(); ++place) {
    const TracedTensor& tensor = trace_.tensors[place];
    if (tensor.kind != Kind::variable || !lives_[place].used()) continue;
    const auto steps = writers.find(tensor.variable.impl());
    if (steps == writers.end() || tensor.index >= steps->second.size()) continue;
    const std::size_t writer = steps->second[tensor.index];
    if (lives_[place].last > writer) holds_.emplace_back(writer, place);
  }
  std::sort(holds_.begin(), holds_.end());
}

bool Program::fuses(const TracedStep& step, std::int64_t numel) const {
  if (step.kernel || step.outputs != 1) return false;
  if (trace_.tensors[step.places.back()].shape.numel() != numel) return false;
  return std::all_of(step.places.begin(), step.places.end(), [&](Place place) {
    const std::int64_t own = trace_.tensors[place].shape.numel();
    return own == numel || own == 1;
  });
}

void Program::find_stretches() {
  buffers_.assign(trace_.tensors.size(), no_buffer);
  std::vector<bool> viewed(trace_.tensors.size(), false);
  for (const TracedTensor& tensor : trace_.tensors) {
    if (tensor.kind == Kind::view) viewed[tensor.base] = true;
  }
  std::vector<bool> held_before(trace_.steps.size(), false);
  for (const auto& hold : holds_) held_before[hold.first] = true;
  for (std::size_t i = 0; i < trace_.steps.size();) {
    const std::int64_t numel = trace_.steps[i].kernel ? 0 : trace_.tensors[trace_.steps[i].places.back()].shape.numel();
    std::size_t end = i;
    while (numel >= worth_fusing && end < trace_.steps.size() && fuses(trace_.steps[end], numel)) ++end;
    if (end > i + 1) {
      stretches_.push_back({i, end, true});
      assign_buffers(stretches_.back(), viewed);
      fused_ += end - i;
      i = end;
    } else {
      if (stretches_.empty() || stretches_.back().fused || held_before[i]) {
        stretches_.push_back({i, i, false});
      }
      stretches_.back().end = ++i;
    }
  }
}

/// A result that is used only inside a fused stretch needs a buffer of one piece, no memory in the arena.
void Program::assign_buffers(const Stretch& stretch, const std::vector<bool>& viewed) {
  std::array<std::size_t, max_buffers> busy_until{};  // the number of a step, plus 1
  for (std::size_t i = stretch.begin; i < stretch.end; ++i) {
    const Place out = trace_.steps[i].places.back();
    const Life& life = lives_[out];
    const bool inside = trace_.tensors[out].kind == Kind::result && !escapes_[out] && life.first == i &&
                        life.last < stretch.end && trace_.steps[i].loop.out_bytes <= 8;
    if (!inside || viewed[out]) continue;  // a view needs a whole array
    for (std::uint8_t buffer = 0; buffer < max_buffers; ++buffer) {
      if (busy_until[buffer] > i) continue;
      buffers_[out] = buffer;
      busy_until[buffer] = life.last + 1;
      break;
    }
  }
}

/// Gives results offsets in one arena.
void Program::plan_memory() {
  // Fused steps run together, so a tensor whose last reader is in a stretch lives until the end of the stretch.
  std::vector<std::size_t> begin_of(trace_.steps.size() + 1), end_of(trace_.steps.size() + 1);
  for (std::size_t i = 0; i <= trace_.steps.size(); ++i) begin_of[i] = end_of[i] = i;
  for (const Stretch& stretch : stretches_) {
    for (std::size_t i = stretch.begin; stretch.fused && i < stretch.end; ++i) {
      begin_of[i] = stretch.begin;
      end_of[i] = stretch.end - 1;
    }
  }
  std::vector<Place> places;
  std::vector<ArenaArray> arrays;
  for (Place place = 0; place < trace_.tensors.size(); ++place) {
    const Life& life = lives_[place];
    if (trace_.tensors[place].kind == Kind::result && life.used() && !escapes_[place] && buffers_[place] == no_buffer) {
      places.push_back(place);
      arrays.push_back({bytes_of(trace_.tensors[place]), begin_of[life.first], end_of[life.last]});
    }
  }
  arena_bytes_ = plan_arena(arrays);
  offsets_.assign(trace_.tensors.size(), -1);
  for (std::size_t i = 0; i < places.size(); ++i) offsets_[places[i]] = arrays[i].offset;
}

void Program::bind() {
  const Untraced untraced;
  const std::size_t n = trace_.tensors.size();
  tensors_.resize(n);
  table_.assign(n, &no_tensor);
  arena_ = make_tensor({arena_bytes_}, uint8);
  for (TracedStep& step : trace_.steps) {
    if (!step.functor.empty()) step.loop.f = step.functor.data();
  }
  for (Place place = 0; place < n; ++place) {
    const TracedTensor& tensor = trace_.tensors[place];
    const bool used = lives_[base_of(place)].used();
    if (tensor.kind == Kind::argument) {
      arguments_.resize(std::max<std::size_t>(arguments_.size(), tensor.index + 1));
      arguments_[tensor.index] = place;
    }
    if (!used || buffers_[place] != no_buffer) continue;
    table_[place] = &tensors_[place];
    if (tensor.kind == Kind::constant) {
      tensors_[place] = tensor.value;
    } else if (tensor.kind == Kind::variable) {
      table_[place] = &tensor.variable.impl()->value;
    } else if (tensor.kind == Kind::result) {
      if (offsets_[place] >= 0) {
        tensors_[place] = make_view_as(arena_, tensor.shape, tensor.dtype, offsets_[place]);
      } else {
        fresh_.push_back(place);
      }
    } else if (tensor.kind == Kind::view) {
      const Place base = base_of(place);
      const bool still = trace_.tensors[base].kind == Kind::constant || offsets_[base] >= 0;
      if (still) {  // the base of a view has a lower place, so it exists already
        tensors_[place] = make_view_as(tensors_[tensor.base], tensor.shape, tensor.dtype, tensor.bytes);
      } else {
        moving_views_.push_back(place);
      }
    }
  }
}

/// The address of a tensor's elements if it is the same in all runs, or else in each run, where set_addresses() puts
/// it. False if it may change within a run, as that of a variable after a write.
bool Program::bind_operand(Place place, const std::byte*& address) {
  std::int64_t bytes = 0;
  Place base = place;
  for (; trace_.tensors[base].kind == Kind::view; base = trace_.tensors[base].base) bytes += trace_.tensors[base].bytes;
  const TracedTensor& tensor = trace_.tensors[base];
  if (buffers_[base] != no_buffer) return false;
  if (tensor.kind == Kind::constant || offsets_[base] >= 0) {
    address = ElementAccess::of(tensors_[base]) + bytes;
    return true;
  }
  // The value that a variable has before a run stays where it is while it is needed: before a write it is held.
  if (tensor.kind == Kind::variable && tensor.index > 0) return false;
  addresses_.push_back({&address, base, bytes});
  return true;
}

void Program::bind_directly() {
  direct_.resize(trace_.steps.size());
  std::size_t constants = 0;
  for (const TracedStep& step : trace_.steps) constants += step.kernel ? 0 : step.places.size() - 1;
  splats_.reserve(constants);  // they do not move
  for (const Stretch& stretch : stretches_) {
    for (std::size_t i = stretch.begin; !stretch.fused && i < stretch.end; ++i)
      bind_directly(trace_.steps[i], direct_[i]);
  }
}

void Program::bind_directly(const TracedStep& step, DirectStep& direct) {
  if (step.kernel || step.loop.stream_from >= 0) return;
  const std::int64_t n = trace_.tensors[step.places.back()].shape.numel();
  if (n == 0 || n >= 2 * step.loop.grain) return;
  const std::size_t operands = step.places.size() - 1, bound_before = addresses_.size();
  bool bound = bind_operand(step.places.back(), direct.out);
  for (std::size_t k = 0; bound && k < operands; ++k) {
    const std::int64_t own = trace_.tensors[step.places[k]].shape.numel();
    bound = (own == n || own == 1) && bind_operand(step.places[k], direct.in[k]);
    if (!bound || own == n) continue;
    direct.numbers = static_cast<std::uint8_t>(direct.numbers | 1u << k);
    if (trace_.tensors[base_of(step.places[k])].kind != Kind::constant) continue;
    Splat& splat = splats_.emplace_back();
    kernels::make_splat(splat.bytes, direct.in[k], step.loop.bytes[k]);
    direct.in[k] = splat.bytes;
    direct.repeated = static_cast<std::uint8_t>(direct.repeated | 1u << k);
  }
  if (!bound) {
    addresses_.resize(bound_before);
    direct = {};
    return;
  }
  direct.loop = step.loop.loop;
  direct.f = step.loop.f;
  direct.n = n;
}

void Program::set_addresses() noexcept {
  for (const Address& each : addresses_) *each.to = ElementAccess::of(*table_[each.base]) + each.bytes;
}

void Program::run_directly(const DirectStep& direct, const TracedStep& step) const {
  using Steps = std::array<std::int64_t, kernels::max_operands>;
  static constexpr std::array<Steps, 8> steps = {
      {{1, 1, 1}, {0, 1, 1}, {1, 0, 1}, {0, 0, 1}, {1, 1, 0}, {0, 1, 0}, {1, 0, 0}, {0, 0, 0}}};
  std::array<const void*, kernels::max_operands> in;
  std::copy(direct.in.begin(), direct.in.end(), in.begin());
  Splat splats[kernels::max_operands];
  if (const unsigned numbers = direct.numbers & ~unsigned{direct.repeated}; numbers != 0) {
    for (std::size_t k = 0; k < in.size(); ++k) {
      if ((numbers >> k & 1u) == 0) continue;
      kernels::make_splat(splats[k].bytes, in[k], step.loop.bytes[k]);
      in[k] = splats[k].bytes;
    }
  }
  direct.loop(direct.f, direct.n, const_cast<std::byte*>(direct.out), in.data(), steps[direct.numbers].data());
}

void Program::prepare(std::span<const Tensor* const> arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) table_[arguments_[i]] = arguments[i];
  for (const auto& hold : holds_) table_[hold.second] = &trace_.tensors[hold.second].variable.impl()->value;
  for (const Place place : fresh_) {
    const TracedTensor& tensor = trace_.tensors[place];
    tensors_[place] = make_tensor(tensor.shape, tensor.dtype);
  }
  set_addresses();
}

void Program::run_elementwise(const TracedStep& step) const {
  const Tensor& out = *table_[step.places.back()];
  kernels::ElementwiseOperands operands;
  for (std::size_t k = 0; k + 1 < step.places.size(); ++k) {
    const Tensor& in = *table_[step.places[k]];
    operands[k] = {ElementAccess::of(in), &in.impl()->shape};
  }
  kernels::run_elementwise(step.loop, out.impl()->shape, out.impl()->numel, ElementAccess::of(out), operands);
}

void Program::run_fused(const Stretch& stretch) const {
  struct Operand {
    std::byte* data;  ///< of the whole tensor; null for a tensor in a buffer
    std::size_t buffer;
    std::int64_t step, bytes;
  };
  struct Step {
    const kernels::Elementwise* loop;
    std::array<Operand, kernels::max_operands> in;
    Operand out;
  };
  const std::size_t count = stretch.end - stretch.begin;
  const std::int64_t numel = trace_.tensors[trace_.steps[stretch.begin].places.back()].shape.numel();
  PoolVector<Step> steps(count);
  PoolVector<std::array<std::byte, kernels::splat_bytes>> splats;
  splats.reserve(count * kernels::max_operands);
  std::int64_t grain = kernels::elementwise_grain;
  for (std::size_t i = 0; i < count; ++i) {
    const TracedStep& from = trace_.steps[stretch.begin + i];
    Step& step = steps[i];
    step.loop = &from.loop;
    grain = std::min(grain, from.loop.grain);
    for (std::size_t k = 0; k < kernels::max_operands; ++k) {
      step.in[k] = {nullptr, no_buffer, 0, 0};
      if (k + 1 >= from.places.size()) continue;
      const std::uint8_t buffer = buffers_[from.places[k]];
      const std::int64_t bytes = from.loop.bytes[k];
      if (buffer != no_buffer) {
        step.in[k] = {nullptr, buffer, 1, bytes};
        continue;
      }
      TensorImpl& in = *table_[from.places[k]]->impl();
      if (in.numel == 1) {
        auto& splat = splats.emplace_back();
        kernels::make_splat(splat.data(), ElementAccess::of(in), from.loop.bytes[k]);
        step.in[k] = {splat.data(), no_buffer, 0, bytes};
      } else {
        step.in[k] = {ElementAccess::of(in), no_buffer, 1, bytes};
      }
    }
    const Place out = from.places.back();
    const std::uint8_t buffer = buffers_[out];
    step.out = {buffer != no_buffer ? nullptr : ElementAccess::of(*table_[out]), buffer, 1, from.loop.out_bytes};
  }
  kernels::parallel_for(numel, grain, [&](std::int64_t begin, std::int64_t end) {
    alignas(64) std::byte buffers[max_buffers][piece * 8 + 64];
    for (; begin < end; begin += piece) {
      const std::int64_t n = std::min(piece, end - begin);
      for (const Step& step : steps) {
        const void* in[kernels::max_operands];
        std::int64_t advance[kernels::max_operands];
        for (std::size_t k = 0; k < kernels::max_operands; ++k) {
          const Operand& operand = step.in[k];
          in[k] = operand.buffer != no_buffer ? buffers[operand.buffer]
                                              : operand.data + begin * operand.step * operand.bytes;
          advance[k] = operand.step;
        }
        void* out = step.out.buffer != no_buffer ? buffers[step.out.buffer] : step.out.data + begin * step.out.bytes;
        step.loop->loop(step.loop->f, n, out, in, advance);
      }
    }
  });
}

Tensors Program::run(std::span<const Tensor* const> arguments) {
  struct LetGo {
    Program* program;
    ~LetGo() { program->let_go(); }
  } let_go{this};
  prepare(arguments);
  std::size_t hold = 0;
  // Views of tensors that differ in each run are made when their base exists: before the first step for arguments and
  // new results, and again after each step that may have changed the value of a variable.
  const auto make_views = [&] {
    for (const Place place : moving_views_) {
      const TracedTensor& tensor = trace_.tensors[place];
      tensors_[place] = make_view_as(*table_[tensor.base], tensor.shape, tensor.dtype, tensor.bytes);
    }
  };
  if (!moving_views_.empty()) make_views();
  for (const Stretch& stretch : stretches_) {
    for (; hold < holds_.size() && holds_[hold].first == stretch.begin; ++hold) {
      const Place place = holds_[hold].second;
      tensors_[place] = *table_[place];
      table_[place] = &tensors_[place];
    }
    if (stretch.fused) {
      run_fused(stretch);
      continue;
    }
    for (std::size_t i = stretch.begin; i < stretch.end; ++i) {
      const TracedStep& step = trace_.steps[i];
      if (direct_[i].loop != nullptr) {
        run_directly(direct_[i], step);
      } else if (step.kernel) {
        try {
          step.kernel(Operands(table_.data(), step.places.data()));
        } catch (Error& error) {
          if (!step.context.empty()) error.add_context(step.context);
          throw;
        }
        if (!step.writes.empty() && !moving_views_.empty()) make_views();
      } else {
        run_elementwise(step);
      }
    }
  }
  Tensors results;
  results.reserve(trace_.results.size());
  for (const Place place : trace_.results) results.push_back(*table_[place]);
  return results;
}

/// Nothing of a run is kept, however it ends.
void Program::let_go() noexcept {
  for (const Place place : fresh_) tensors_[place] = Tensor();
  for (const Place place : moving_views_) tensors_[place] = Tensor();
  for (const auto& held : holds_) tensors_[held.second] = Tensor();
}

}  // namespace xtape::detail
