# an_flags(TARGET): language level, warnings, optimisation, hardening and sanitizers of the
# project's targets.
# SPDX-License-Identifier: MIT
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

set(CMAKE_C_FLAGS_DEBUG   "-O1 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_C_FLAGS_COVERAGE "-O1 -g -DNDEBUG") # a failed assertion is a branch that no test takes

set(an_warnings
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion -Wstrict-prototypes
    -Wno-missing-field-initializers # rows of tables omit members that are zero
    -Wmissing-prototypes -Wundef -Wvla -Wcast-qual -Wwrite-strings -Wformat=2
    -Wimplicit-fallthrough)

# Sums keep the order of the source: no -ffast-math, and a*b+c is fused only if the source says so.
# No code reads errno after a mathematical function, and without it the compiler can vectorise a
# loop over sqrtf().
set(an_arithmetic -ffp-contract=off -fno-math-errno)

set(an_hardening_compile -fstack-protector-strong)
set(an_hardening_link -Wl,-z,relro,-z,now)

set(an_sanitize_compile "")
set(an_sanitize_link "")
if(ALEXNET_SANITIZE)
    set(an_sanitize_compile
        -fsanitize=${ALEXNET_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    set(an_sanitize_link    -fsanitize=${ALEXNET_SANITIZE})
else()
    # _FORTIFY_SOURCE needs an optimised build, and sanitizers have their own checks.
    list(APPEND an_hardening_compile
        $<$<CONFIG:Release>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
endif()
if(ALEXNET_COVERAGE)
    list(APPEND an_sanitize_compile --coverage -fprofile-update=atomic)
    list(APPEND an_sanitize_link --coverage)
endif()
if(ALEXNET_FUZZ)
    list(APPEND an_sanitize_compile -fsanitize=fuzzer-no-link)
endif()

if(ALEXNET_ANALYZE)
    list(APPEND an_warnings -fanalyzer -DAN_ANALYZE)
endif()

function(an_flags target)
    set_target_properties(${target} PROPERTIES
        C_STANDARD 17 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
        C_VISIBILITY_PRESET hidden
        POSITION_INDEPENDENT_CODE ON)
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
    target_compile_options(${target} PRIVATE
        ${an_warnings} ${an_arithmetic} ${an_hardening_compile} ${an_sanitize_compile}
        $<$<BOOL:${ALEXNET_WERROR}>:-Werror>
        $<$<NOT:$<BOOL:${ALEXNET_OPENMP}>>:-Wno-unknown-pragmas>)
    target_link_options(${target} PRIVATE ${an_hardening_link} ${an_sanitize_link})
endfunction()
