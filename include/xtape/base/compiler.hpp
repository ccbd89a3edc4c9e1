#pragma once

// What xtape asks of the compiler, looked at before anything else of it. After an #error alone compilers go on, and a
// hundred errors follow that say nothing; at a file that is not there they stop.
#if __cplusplus < 202002L
#error "xtape needs C++20: compile with -std=c++20 or newer (a CMake target that links xtape::xtape is)"
#include "the error above"
#elif !defined(__cpp_rtti)
#error "xtape needs type information, by which layers and models are told apart: compile without -fno-rtti"
#include "the error above"
#elif !defined(__cpp_exceptions)
#error "xtape reports errors by exceptions: compile without -fno-exceptions"
#include "the error above"
#endif
