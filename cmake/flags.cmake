# an_flags(TARGET): language level, warnings, optimisation, hardening and sanitizers, for every target of ours.
# SPDX-License-Identifier: MIT
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

set(CMAKE_C_FLAGS_DEBUG   "-O1 -g")
set(CMAKE_C_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_C_FLAGS_COVERAGE "-O1 -g -DNDEBUG") # an assertion is a branch that no test may take

set(an_warnings
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion -Wstrict-prototypes
    -Wno-missing-field-initializers # rows of tables leave out what is zero
    -Wmissing-prototypes -Wundef -Wvla -Wcast-qual -Wwrite-strings -Wformat=2 -Wimplicit-fallthrough)

# Sums keep the order that the source gives them: no -ffast-math, and a*b+c is fused only where it is written so.
# Nobody reads errno after a mathematical function, and without it a loop over sqrtf() becomes vector instructions.
set(an_arithmetic -ffp-contract=off -fno-math-errno)

set(an_hardening_compile -fstack-protector-strong)
set(an_hardening_link -Wl,-z,relro,-z,now)

set(an_sanitize_compile "")
set(an_sanitize_link "")
if(ALEXNET_SANITIZE)
    set(an_sanitize_compile -fsanitize=${ALEXNET_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    set(an_sanitize_link    -fsanitize=${ALEXNET_SANITIZE})
else()
    # _FORTIFY_SOURCE needs an optimising build; sanitizers bring checks of their own.
    list(APPEND an_hardening_compile $<$<CONFIG:Release>:-U_FORTIFY_SOURCE> $<$<CONFIG:Release>:-D_FORTIFY_SOURCE=2>)
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
