#include "kernels/gemm_bf16_onednn.hpp"

#ifdef XTAPE_HAS_ONEDNN

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <limits>
#include <list>

#include "base/per_thread.hpp"
#include "kernels/onednn.hpp"
#include "kernels/scratch.hpp"
#include "kernels/thread_limit.hpp"
#include "xtape/base/memory.hpp"

namespace xtape::kernels {
namespace {

using onednn::engine;
using onednn::point;

/// m * n * k that is worth another thread: about 2 us at twice float32's speed.
constexpr double work_per_thread = 524288;

/// What a primitive is made for.
using Key = std::array<std::int64_t, 11>;

/// A primitive, and memory objects that are pointed at the operands for each use.
struct Plan {
  Key key{};
  bool usable = false;
  dnnl::matmul primitive;
  dnnl::memory a, b, bias, c, scratchpad;
  std::size_t scratchpad_bytes = 0;
};

/// Operands are described by their strides, so that oneDNN reads transposed ones where they are.
void make(Plan& plan, const Bf16Product& g) {
  using dnnl::memory;
  const auto bf16 = memory::data_type::bf16, f32 = memory::data_type::f32;
  const auto steps = [](bool transposed, std::int64_t row) {
    return transposed ? memory::dims{1, row} : memory::dims{row, 1};
  };
  const memory::desc a({g.m, g.k}, bf16, steps(g.trans_a, g.lda)), b({g.k, g.n}, bf16, steps(g.trans_b, g.ldb)),
      c({g.m, g.n}, g.c_float ? f32 : bf16, memory::dims{g.ldc, 1}), bias({1, g.n}, f32, memory::format_tag::ab);
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (g.relu) {
    dnnl::post_ops after;
    onednn::append_relu(after);
    attributes.set_post_ops(after);
  }
#if DNNL_VERSION_MAJOR >= 3
  const dnnl::matmul::primitive_desc pd = g.bias != nullptr
                                              ? dnnl::matmul::primitive_desc(engine(), a, b, bias, c, attributes)
                                              : dnnl::matmul::primitive_desc(engine(), a, b, c, attributes);
#else
  const dnnl::matmul::primitive_desc pd(
      g.bias != nullptr ? dnnl::matmul::desc(a, b, bias, c) : dnnl::matmul::desc(a, b, c), attributes, engine());
#endif
  plan.usable = onednn::is_fast(pd);
  if (!plan.usable) return;
  plan.primitive = dnnl::matmul(pd);
  plan.a = memory(a, engine(), DNNL_MEMORY_NONE);
  plan.b = memory(b, engine(), DNNL_MEMORY_NONE);
  plan.c = memory(c, engine(), DNNL_MEMORY_NONE);
  if (g.bias != nullptr) plan.bias = memory(bias, engine(), DNNL_MEMORY_NONE);
  plan.scratchpad = memory(pd.scratchpad_desc(), engine(), DNNL_MEMORY_NONE);
  plan.scratchpad_bytes = pd.scratchpad_desc().get_size();
}

/// The plan for one of `parts` that run at the same time: each needs its own, since a plan's memory objects point at
/// the operands of one call.
Plan& plan_for(const Bf16Product& g, std::int64_t part, std::int64_t parts) {
  static auto* const plans = new detail::PerThread<std::list<Plan>>;
  const Key key{part,  g.trans_a, g.trans_b, g.bias != nullptr, 2 * g.relu + g.c_float, g.m, g.n, g.k,
                g.lda, g.ldb,     g.ldc};
  return onednn::plan_for(plans->get(), /*max_plans=*/static_cast<std::size_t>(128 * parts), key,
                          [&](Plan& plan) { make(plan, g); });
}

std::int64_t threads_for(const Bf16Product& g) {
  const double work = static_cast<double>(g.m) * static_cast<double>(g.n) * static_cast<double>(g.k);
  if (work < 2 * work_per_thread || !may_share()) return 1;
  return static_cast<std::int64_t>(std::min<double>(num_threads(), work / work_per_thread));
}

/// Rows or columns [begin, end) of the product.
Bf16Product part_of(const Bf16Product& g, bool of_rows, std::int64_t begin, std::int64_t end) {
  Bf16Product part = g;
  const std::int64_t size = g.c_float ? sizeof(float) : sizeof(BFloat16);
  part.c = static_cast<std::byte*>(g.c) + begin * (of_rows ? g.ldc : 1) * size;
  if (of_rows) {
    part.m = end - begin;
    part.a += begin * (g.trans_a ? 1 : g.lda);
  } else {
    part.n = end - begin;
    part.b += begin * (g.trans_b ? g.ldb : 1);
    if (g.bias != nullptr) part.bias += begin;
  }
  return part;
}

bool run(Plan& plan, const Bf16Product& g, void* scratchpad) {
  point(plan.a, g.a);
  point(plan.b, g.b);
  point(plan.c, g.c);
  dnnl_exec_arg_t arguments[] = {
      {DNNL_ARG_SRC, plan.a.get()}, {DNNL_ARG_WEIGHTS, plan.b.get()}, {DNNL_ARG_DST, plan.c.get()}, {}, {}};
  int count = 3;
  if (plan.scratchpad_bytes > 0) {
    point(plan.scratchpad, scratchpad);
    arguments[count++] = {DNNL_ARG_SCRATCHPAD, plan.scratchpad.get()};
  }
  if (g.bias != nullptr) {
    point(plan.bias, g.bias);
    arguments[count++] = {DNNL_ARG_BIAS, plan.bias.get()};
  }
  const ThreadLimit one(1);
  return onednn::execute(plan.primitive, arguments, count);
}

}  // namespace

const char* why_onednn_bf16_is_slow() noexcept {
  // An instruction set's number has the bits of all that it includes; newer versions of oneDNN know further ones.
  constexpr auto wanted = static_cast<unsigned>(dnnl::cpu_isa::avx512_core_bf16);
  const bool there = (static_cast<unsigned>(dnnl::get_effective_cpu_isa()) & wanted) == wanted;
  return there ? nullptr : "the processor has neither AVX512-BF16 nor AMX";
}

bool onednn_gemm(const Bf16Product& g) {
  static const bool fast = why_onednn_bf16_is_slow() == nullptr;
  if (!fast || std::max({g.m, g.n, g.k, g.lda, g.ldb, g.ldc}) > std::numeric_limits<std::int32_t>::max()) return false;
  // A primitive for each part, which belongs to the calling thread, whichever thread runs it.
  const std::int64_t threads = threads_for(g);
  const bool of_rows = g.m >= g.n;
  const std::int64_t all = of_rows ? g.m : g.n, unit = 16;
  const std::int64_t part_size = ((all + threads - 1) / threads + unit - 1) / unit * unit,
                     parts = (all + part_size - 1) / part_size;
  detail::PoolVector<Plan*> plans(static_cast<std::size_t>(parts));
  const auto part = [&](std::int64_t i) {
    return part_of(g, of_rows, i * part_size, std::min(all, (i + 1) * part_size));
  };
  std::size_t room = 0;
  {
    const ThreadLimit one(1);  // a primitive runs on as many threads as it was made for
    for (std::int64_t i = 0; i < parts; ++i) {
      Plan& plan = plan_for(part(i), i, parts);
      if (!plan.usable) return false;
      plans[static_cast<std::size_t>(i)] = &plan;
      room = std::max(room, (plan.scratchpad_bytes + 63) / 64 * 64);
    }
  }
  const Scratch scratchpads(room * static_cast<std::size_t>(parts));
  std::atomic<bool> done{true};
  const auto run_part = [&](std::int64_t i) {
    const auto place = static_cast<std::size_t>(i);
    void* const scratchpad = room == 0 ? nullptr : static_cast<std::byte*>(scratchpads.data()) + place * room;
    if (!run(*plans[place], part(i), scratchpad)) done.store(false, std::memory_order_relaxed);
  };
  if (parts == 1) {
    run_part(0);
  } else {
    const double work = static_cast<double>(g.m) * static_cast<double>(g.n) * static_cast<double>(g.k);
    share_calls(parts, static_cast<std::int64_t>(work / work_per_thread), run_part);
  }
  return done;
}

}  // namespace xtape::kernels

#else

namespace xtape::kernels {

const char* why_onednn_bf16_is_slow() noexcept {
  return "xtape was built without oneDNN, and its own products of bfloat16 need AVX512-BF16";
}
bool onednn_gemm(const Bf16Product&) { return false; }

}  // namespace xtape::kernels

#endif
