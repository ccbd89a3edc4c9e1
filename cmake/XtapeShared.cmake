# What a shared library with xtape in it shows.

# xtape_version_script(target [INTERNAL]): the functions, classes and thread-locals of xtape are shown, under the version
# XTAPE_<major>.<minor>, and nothing of the libraries and templates that it is made with. INTERNAL shows the kernels and the
# messages of event files too.
function(xtape_version_script target)
  if(NOT CMAKE_EXECUTABLE_FORMAT STREQUAL "ELF")
    return()
  endif()
  # Mangled names, for demangled ones begin with what a template returns.
  if("INTERNAL" IN_LIST ARGN)
    set(names "*")
  else()
    set(names "[!67]*" "6[!e]*" "6e[!v]*" "7[!k]*")  # all but "7kernels" and "6events"
  endif()
  # Besides a function or variable: its parts, as vtables (TV), types (TI, TS), tables of bases (TT, TC), statics of a
  # function (Z) and guards (GV), initialisation of thread-locals (TW, TH), temporaries (GR), and entries of virtual
  # functions that adjust the object (Th, Tv, Tc).
  set(XTAPE_EXPORTS)
  foreach(part "" TV TI TS TT TC Z GV GVZ TW TH GR "Th*_" "Tv*_" "Tc*_")
    foreach(qualifiers "" K R O KR KO)
      foreach(name ${names})
        string(APPEND XTAPE_EXPORTS "    _Z${part}N${qualifiers}5xtape${name};\n")
      endforeach()
    endforeach()
  endforeach()
  foreach(qualifiers "" K)  # fmt::v9::formatter<xtape::Tensor>
    foreach(version "2v?" "3v??")
      string(APPEND XTAPE_EXPORTS "    _ZN${qualifiers}3fmt${version}9formatterIN5xtape*;\n")
    endforeach()
  endforeach()
  set(map ${CMAKE_CURRENT_BINARY_DIR}/${target}.map)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/xtape.map.in ${map} @ONLY)
  target_link_options(${target} PRIVATE LINKER:--version-script=${map})
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${map})
endfunction()
