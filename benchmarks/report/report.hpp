#pragma once

#include <string>
#include <vector>

#include "groups/group.hpp"
#include "result.hpp"

namespace bench {

/// The head of a group's table, and its rows as they come.
void print_head(const Group& group);
void print_row(const Group& group, const Result& result);
/// How many targets are met, and those that are not.
void print_targets(const std::vector<Result>& results);

/// Throws a std::runtime_error for a file that cannot be written, or read, or holds something else.
void write_json(const std::string& file, const std::string& machine, const std::vector<Result>& results);
std::vector<Result> read_json(const std::string& file);

/// Puts the rows with targets as tables between the file's lines <!-- results --> and <!-- end of results -->.
void write_markdown(const std::string& file, const std::string& machine, const std::vector<Result>& results);

/// Gains and losses of the rows that both have, those beyond the noise marked. Returns the largest ratio of new to old
/// cost.
double print_comparison(const std::vector<Result>& before, const std::vector<Result>& now);

/// Bars of the training steps beside their floors and libtorch, on a log scale; PNG or SVG as the name ends. False
/// without training steps or without gnuplot.
bool draw_steps(const std::vector<Result>& results, const std::string& file);

}  // namespace bench
