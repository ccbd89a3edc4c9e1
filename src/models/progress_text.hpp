#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace xtape::detail {

/// Seconds as Keras writes them: "7s", "1:05", "2:00:09".
void append_time(std::string& text, double seconds);

/// " - 5712 steps/s", or " - 3.2 s/step" if a step takes longer than a second.
void append_speed(std::string& text, double steps_per_second);

/// " - loss: 0.4321", in scientific notation if four decimals are unsuitable.
void append_figure(std::string& text, std::string_view name, double value);

/// "[=====>....]" of `cells` cells; full at the last step.
void append_bar(std::string& text, std::int64_t step, std::int64_t steps, int cells);

/// The number of decimal digits of a number that is not negative.
int digits_of(std::int64_t number);

/// Whether lines written to the file can be overwritten.
bool is_terminal(std::FILE* file);

/// The columns of the terminal minus 1: a line that reaches the last column would wrap and could not be rewritten.
std::size_t columns_of(std::FILE* file);

/// The number of columns that a text in UTF-8 takes.
std::size_t columns(std::string_view text);

/// Cuts the text to a number of columns, not within a character of UTF-8.
void cut(std::string& text, std::size_t columns);

}  // namespace xtape::detail
