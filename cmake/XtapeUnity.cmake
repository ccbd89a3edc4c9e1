# Sources compiled together. Most of the time that a short source takes goes to the headers, which its neighbours include
# as well, so up to eight sources of a folder are one translation unit. Names that two sources define each for themselves
# (in unnamed namespaces) keep them apart.

# xtape_file_names(result source): what a source defines at the beginning of a line: functions, classes, aliases and
# constants, without members of classes. More than its unnamed namespaces have, which does no harm.
function(xtape_file_names result source)
  file(STRINGS ${source} lines REGEX "^[A-Za-z]")
  # Namespaces, and tests, whose names are doctest's own.
  list(FILTER lines EXCLUDE REGEX "^(TEST_CASE|(using )?namespace )")
  # The last word before what is given: "const Shape sizes = ...", "struct Row : Base", "Tensor made(const Shape& shape)".
  # Not those of members, which stand behind their class.
  string(REGEX REPLACE "^template <[^;]*> *|;template <[^;]*> *" ";" lines "${lines}")
  set(names "")
  foreach(line ${lines})
    string(REGEX REPLACE "( :|[({=[]).*" "" head "${line}")
    if(head MATCHES "[ *&]([A-Za-z_0-9]+)( final)? *$")
      list(APPEND names ${CMAKE_MATCH_1})
    endif()
  endforeach()
  list(REMOVE_DUPLICATES names)
  set(${result} "${names}" PARENT_SCOPE)
endfunction()

# xtape_unity(targets source...): compiles those sources together that can be, in each of the targets that have them: of one
# folder, with the same directives "using namespace". Sources stay alone that define macros, those of parts that can be left
# out, and the kernels, of which each takes long by itself.
function(xtape_unity targets)
  set(max_sources 8)
  foreach(source ${ARGN})
    get_filename_component(folder ${source} DIRECTORY)
    get_property(alone SOURCE ${source} PROPERTY SKIP_UNITY_BUILD_INCLUSION)
    # fmt/ranges.h gives templates a meaning that a source before it may have used without.
    file(STRINGS ${source} macros REGEX "^#define|^#include .fmt/(ranges|std)[.]h" LIMIT_COUNT 1)
    if(alone OR macros OR folder MATCHES "/src/kernels$")
      set_property(SOURCE ${source} PROPERTY SKIP_UNITY_BUILD_INCLUSION ON)
      continue()
    endif()
    file(STRINGS ${source} namespaces REGEX "^using namespace ")
    file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR} ${folder})
    string(MAKE_C_IDENTIFIER "${folder} ${namespaces}" kind)
    xtape_file_names(names ${source})
    # The first group of the kind that has a place and none of these names.
    set(found "")
    foreach(group ${groups_of_${kind}})
      list(LENGTH sources_of_${group} size)
      if(size LESS max_sources)
        set(found ${group})
        foreach(name ${names})
          if(DEFINED has_${group}_${name})
            set(found "")
            break()
          endif()
        endforeach()
      endif()
      if(found)
        break()
      endif()
    endforeach()
    if(NOT found)
      list(LENGTH groups_of_${kind} number)
      set(found ${kind}_${number})
      list(APPEND groups_of_${kind} ${found})
    endif()
    list(APPEND sources_of_${found} ${source})
    foreach(name ${names})
      set(has_${found}_${name} ON)
    endforeach()
    set_property(SOURCE ${source} PROPERTY UNITY_GROUP ${found})
  endforeach()
  set_target_properties(${targets} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  # g++ takes the sources for headers, whose classes should have no members of types in unnamed namespaces; clang++ warns
  # of a local name that another source has as well.
  foreach(target ${targets})
    target_compile_options(${target} PRIVATE $<IF:$<CXX_COMPILER_ID:GNU>,-Wno-subobject-linkage,-Wno-shadow>)
  endforeach()
endfunction()
