# The dependencies of the library. scripts/install-deps installs them; the README says what each is
# for.
# SPDX-License-Identifier: MIT
find_package(Threads REQUIRED)
find_package(JPEG REQUIRED)
find_package(PNG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)

set(an_libraries JPEG::JPEG PNG::PNG ZLIB::ZLIB PkgConfig::JANSSON Threads::Threads m)

# Image formats that are supported if their library is installed, unless ALEXNET_WEBP=OFF and the
# like leave them out. libtiff 4.5 is the first whose messages can be received for one open file,
# without replacing the handlers of the whole program.
set(an_formats)
if(ALEXNET_WEBP)
    pkg_check_modules(WEBP IMPORTED_TARGET libwebp)
    if(WEBP_FOUND)
        list(APPEND an_formats webp)
        list(APPEND an_libraries PkgConfig::WEBP)
    endif()
endif()
if(ALEXNET_GIF)
    find_package(GIF 5)
    if(GIF_FOUND)
        list(APPEND an_formats gif)
        list(APPEND an_libraries GIF::GIF)
    endif()
endif()
if(ALEXNET_TIFF)
    pkg_check_modules(TIFF IMPORTED_TARGET libtiff-4>=4.5.0)
    if(TIFF_FOUND)
        list(APPEND an_formats tiff)
        list(APPEND an_libraries PkgConfig::TIFF)
    endif()
endif()
message(STATUS "Supported image formats: jpeg;png;bmp;${an_formats}")

# For the program alone: a program that embeds the library needs no libcurl.
set(an_fetch_libraries)
if(ALEXNET_CURL)
    pkg_check_modules(CURL IMPORTED_TARGET libcurl)
    if(CURL_FOUND)
        list(APPEND an_fetch_libraries PkgConfig::CURL)
    endif()
endif()
if(an_fetch_libraries)
    message(STATUS "'weights get' fetches http: and https: by libcurl ${CURL_VERSION}")
else()
    message(STATUS "'weights get' fetches file: only: there is no libcurl")
endif()

if(ALEXNET_OPENMP)
    find_package(OpenMP REQUIRED COMPONENTS C)
    list(APPEND an_libraries OpenMP::OpenMP_C)
endif()
