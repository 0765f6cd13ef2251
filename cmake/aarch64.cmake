# Toolchain for building for 64-bit ARM on another machine, with Debian's cross compiler and its
# arm64 libraries beside those of the machine (scripts/install-deps --arm). Programs for the target
# run under qemu's user mode.
#
#     cmake -DCMAKE_TOOLCHAIN_FILE=cmake/aarch64.cmake ...
#
# SPDX-License-Identifier: MIT
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)

set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc CACHE FILEPATH "")
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64)

# pkg-config must find the libraries of the target, too.
set(ENV{PKG_CONFIG_LIBDIR} /usr/lib/aarch64-linux-gnu/pkgconfig:/usr/share/pkgconfig)
