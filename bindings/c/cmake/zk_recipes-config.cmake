# Imported targets: zk_recipes::zk_recipes (shared) and zk_recipes::zk_recipes_static.
get_filename_component(_zk_recipes_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET zk_recipes::zk_recipes)
  add_library(zk_recipes::zk_recipes SHARED IMPORTED)
  set_target_properties(zk_recipes::zk_recipes PROPERTIES
    IMPORTED_LOCATION "${_zk_recipes_prefix}/lib/libzk_recipes.so"
    INTERFACE_INCLUDE_DIRECTORIES "${_zk_recipes_prefix}/include")

  add_library(zk_recipes::zk_recipes_static STATIC IMPORTED)
  set_target_properties(zk_recipes::zk_recipes_static PROPERTIES
    IMPORTED_LOCATION "${_zk_recipes_prefix}/lib/libzk_recipes.a"
    INTERFACE_INCLUDE_DIRECTORIES "${_zk_recipes_prefix}/include"
    INTERFACE_LINK_LIBRARIES "gcc_s;util;rt;pthread;m;dl;c")
endif()

unset(_zk_recipes_prefix)
