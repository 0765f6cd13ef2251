# What the library is built on; scripts/install-deps installs it, the README says what each is for.
# SPDX-License-Identifier: MIT
find_package(Threads REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)

set(an_libraries JPEG::JPEG PNG::PNG ZLIB::ZLIB PkgConfig::JANSSON Threads::Threads m)

if(ALEXNET_OPENMP)
    find_package(OpenMP REQUIRED COMPONENTS C)
    list(APPEND an_libraries OpenMP::OpenMP_C)
endif()
