# What `cmake --install` installs: program, header, both libraries, a CMake package and a pkg-config
# file. Everything is relocatable: the installed tree may be moved as a whole.
# SPDX-License-Identifier: MIT
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/alexnet)
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(TARGETS alexnet_shared EXPORT alexnet-shared ARCHIVE LIBRARY RUNTIME)
install(TARGETS alexnet_static EXPORT alexnet-static ARCHIVE)
install(TARGETS alexnet RUNTIME)
install(FILES ${PROJECT_SOURCE_DIR}/include/alexnet.h TYPE INCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE TYPE DOC)

# find_package(alexnet) gives alexnet::alexnet; with COMPONENTS static also alexnet::alexnet_static.
install(EXPORT alexnet-shared NAMESPACE alexnet:: DESTINATION ${package_dir})
install(EXPORT alexnet-static NAMESPACE alexnet:: DESTINATION ${package_dir})
configure_package_config_file(
    cmake/alexnet-config.cmake.in ${PROJECT_BINARY_DIR}/cmake/alexnet-config.cmake
    INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/alexnet-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES
    ${PROJECT_BINARY_DIR}/cmake/alexnet-config.cmake
    ${PROJECT_BINARY_DIR}/cmake/alexnet-config-version.cmake
    DESTINATION ${package_dir})

# pkg-config derives the prefix from the path of the .pc file.
file(RELATIVE_PATH pc_to_prefix /prefix/${pkgconfig_dir} /prefix)
string(REGEX REPLACE "/$" "" pc_to_prefix "${pc_to_prefix}")
if(ALEXNET_OPENMP)
    set(pc_openmp ${OpenMP_C_FLAGS})
endif()
foreach(row "webp= libwebp" "tiff= libtiff-4")
    string(REGEX MATCH "^[a-z]+" format ${row})
    if(format IN_LIST an_formats)
        string(REGEX REPLACE "^.*=" "" module ${row})
        string(APPEND pc_formats "${module}")
    endif()
endforeach()
if(gif IN_LIST an_formats) # giflib has no pkg-config module
    set(pc_gif " -lgif")
endif()
configure_file(cmake/alexnet.pc.in ${PROJECT_BINARY_DIR}/cmake/alexnet.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cmake/alexnet.pc DESTINATION ${pkgconfig_dir})
