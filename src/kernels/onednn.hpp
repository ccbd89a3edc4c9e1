#pragma once

#include <algorithm>
#include <cstddef>
#include <list>
#include <oneapi/dnnl/dnnl.hpp>
#include <string_view>
#include <utility>

// What all users of oneDNN's primitives share. For sources that are compiled where oneDNN is.
namespace xtape::kernels::onednn {

/// Never destroyed: threads may outlive static objects.
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

/// The plan of that key among a thread's own, the last used first: no lock, and memory objects that no other thread
/// points elsewhere. If there is none, `make` makes one; where oneDNN has nothing for the problem it is not usable.
template <class Plan, class Key, class Make>
Plan& plan_for(std::list<Plan>& plans, std::size_t most, const Key& key, const Make& make) {
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
  if (plans.size() > most) plans.pop_back();
  return plans.front();
}

/// oneDNN's handles are not const; it writes the result only.
inline void point(dnnl::memory& memory, const void* data) { memory.set_data_handle(const_cast<void*>(data)); }

/// On the calling thread's stream. The C interface: the C++ one would build a hash map for each call.
inline bool execute(const dnnl::primitive& primitive, const dnnl_exec_arg_t* arguments, int count) {
  thread_local const dnnl::stream stream(engine());
  return dnnl_primitive_execute(primitive.get(), stream.get(), count, arguments) == dnnl_success;
}

}  // namespace xtape::kernels::onednn
