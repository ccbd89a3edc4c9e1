#pragma once

#include <algorithm>
#include <cstddef>
#include <list>
#include <oneapi/dnnl/dnnl.hpp>
#include <string_view>
#include <utility>

#include "base/per_thread.hpp"

// What all users of oneDNN's primitives share. Only for sources that are compiled with oneDNN.
namespace xtape::kernels::onednn {

/// The engine is never destroyed: threads may outlive static objects.
inline const dnnl::engine& engine() {
  static const auto* const cpu = new dnnl::engine(dnnl::engine::kind::cpu, 0);
  return *cpu;
}

inline void append_relu(dnnl::post_ops& after) {
#if DNNL_VERSION_MAJOR >= 3
  after.append_eltwise(dnnl::algorithm::eltwise_relu, 0, 0);
#else
  after.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
#endif
}

/// Whether a primitive is more than oneDNN's reference code.
template <class Description>
bool is_fast(const Description& description) {
  return !std::string_view(description.impl_info_str()).starts_with("ref");
}

/// The plan with that key in a thread's list, in which the last used is first. Each thread has its own list, so it
/// needs no lock, and no other thread changes the memory objects of its plans. If there is none, `make` makes one; it
/// is not usable if oneDNN has nothing for the problem. At max_plans `max_plans` are kept.
template <class Plan, class Key, class Make>
Plan& plan_for(std::list<Plan>& plans, std::size_t max_plans, const Key& key, const Make& make) {
  const auto found = std::find_if(plans.begin(), plans.end(), [&](const Plan& plan) { return plan.key == key; });
  if (found != plans.end()) {
    if (found != plans.begin()) plans.splice(plans.begin(), plans, found);
    return plans.front();
  }
  Plan plan;
  plan.key = key;
  try {
    make(plan);
  } catch (const dnnl::error&) {  // nothing for this problem
    plan.usable = false;
  }
  plans.push_front(std::move(plan));
  if (plans.size() > max_plans) plans.pop_back();
  return plans.front();
}

/// Points a memory object at data. oneDNN's handles are not const, but it writes to results only.
inline void point(dnnl::memory& memory, const void* data) { memory.set_data_handle(const_cast<void*>(data)); }

/// Runs a primitive on the calling thread's stream, by the C interface: the C++ interface builds a hash map in each
/// call.
inline bool execute(const dnnl::primitive& primitive, const dnnl_exec_arg_t* arguments, int count) {
  struct Stream : dnnl::stream {
    Stream() : dnnl::stream(engine()) {}
  };
  static auto* const stream = new detail::PerThread<Stream>;
  return dnnl_primitive_execute(primitive.get(), stream->get().get(), count, arguments) == dnnl_success;
}

}  // namespace xtape::kernels::onednn
