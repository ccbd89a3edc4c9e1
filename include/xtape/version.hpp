#pragma once

/// The version of xtape, for `#if`. CMakeLists.txt reads the version of the project from these lines.
#define XTAPE_VERSION_MAJOR 0
#define XTAPE_VERSION_MINOR 1
#define XTAPE_VERSION_PATCH 0
