#include "xtape/core/thread_state.hpp"

namespace xtape::detail {

constinit thread_local ThreadState thread_state;

}  // namespace xtape::detail
