# xtape_add_messages(target proto source...): compiles the messages of a .proto into the target. Only the sources named
# see the header, as a system one; neither it nor the generated code has to be free of warnings.
function(xtape_add_messages target proto)
  get_filename_component(folder ${proto} DIRECTORY)
  get_filename_component(name ${proto} NAME_WE)
  set(out ${PROJECT_BINARY_DIR}/protobuf)
  file(MAKE_DIRECTORY ${out})
  add_custom_command(OUTPUT ${out}/${name}.pb.cc ${out}/${name}.pb.h
                     COMMAND protobuf::protoc --proto_path=${folder} --cpp_out=${out} ${proto}
                     DEPENDS ${proto} protobuf::protoc VERBATIM)
  target_sources(${target} PRIVATE ${out}/${name}.pb.cc)
  set_property(SOURCE ${out}/${name}.pb.cc PROPERTY COMPILE_OPTIONS -w)
  foreach(source ${ARGN})
    set_property(SOURCE ${source} APPEND PROPERTY COMPILE_OPTIONS -isystem ${out})
    set_property(SOURCE ${source} APPEND PROPERTY OBJECT_DEPENDS ${out}/${name}.pb.h)
  endforeach()
endfunction()
