#pragma once

#include <string>
#include <vector>

#include "groups/group.hpp"
#include "result.hpp"

namespace bench {

/// Print the head of a group's table, and one row.
void print_head(const Group& group);
void print_row(const Group& group, const Result& result);
/// Prints how many targets are met, and the missed ones.
void print_targets(const std::vector<Result>& results);

/// Throws a std::runtime_error for a file that cannot be written, or read, or holds something else.
void write_json(const std::string& file, const std::string& machine, const std::vector<Result>& results);
std::vector<Result> read_json(const std::string& file);

/// Writes the rows with targets as tables between the file's lines <!-- results --> and <!-- end of results -->.
void write_markdown(const std::string& file, const std::string& machine, const std::vector<Result>& results);

/// Prints the changes of the rows that are in both, and marks those beyond the noise. Returns the largest ratio of new
/// to old cost.
double print_comparison(const std::vector<Result>& before, const std::vector<Result>& now);

/// Draws bars of the training steps, their floors and libtorch on a log scale; PNG or SVG by the ending of the name.
/// False without training steps or without gnuplot.
bool draw_steps(const std::vector<Result>& results, const std::string& file);

}  // namespace bench
