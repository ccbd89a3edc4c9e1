#pragma once

#include <functional>
#include <string>
#include <vector>

#include "measure.hpp"
#include "result.hpp"

namespace bench {

/// Contenders that are measured together: one row, or one for each number of threads.
struct Case {
  std::string name;
  std::function<std::vector<Result>(const Effort&)> run;
};

struct Group {
  std::string name;
  std::string title;                 ///< the title of the table
  std::vector<std::string> columns;  ///< the contenders other than xtape
  std::vector<Case> cases;
};

Group steps_group();
Group function_group();
Group kernels_group();
Group products_group();
Group tape_group();
Group forward_group();
Group ops_group();
Group map_group();
Group fit_group();
Group mixed_precision_group();
Group optimizers_group();
Group data_group();
Group inference_group();
Group define_group();
Group memory_group();

/// All groups, in the order of the report.
inline std::vector<Group> groups() {
  // The tape is first, since its first row needs a process that has had one thread only.
  return {tape_group(),     forward_group(),   steps_group(),  function_group(), kernels_group(),
          products_group(), ops_group(),       map_group(),    fit_group(),      optimizers_group(),
          data_group(),     inference_group(), define_group(), memory_group(),   mixed_precision_group()};
}

}  // namespace bench
