# cmake: configures, builds and tests a project of a library and a program; options, generators, scripts, errors.
cd scratch || exit 1
mkdir -p src/lib && cd src || exit 1
cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.20)
project(Sample VERSION 1.2.3 LANGUAGES C)
option(WITH_EXTRA "Build the extra part" ON)
set(LIMIT 42 CACHE STRING "A number")
include(CheckSymbolExists)
include(CheckTypeSize)
check_symbol_exists(snprintf stdio.h HAVE_SNPRINTF)
check_symbol_exists(nosuchfunction stdio.h HAVE_NOSUCH)
check_type_size(long SIZEOF_LONG)
configure_file(config.h.in config.h)
add_subdirectory(lib)
add_executable(program main.c $<$<BOOL:${WITH_EXTRA}>:extra.c>)
target_link_libraries(program PRIVATE parts)
target_include_directories(program PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
add_custom_command(OUTPUT generated.h COMMAND ${CMAKE_COMMAND} -E copy ${CMAKE_CURRENT_SOURCE_DIR}/generated.h.in generated.h DEPENDS generated.h.in)
target_sources(program PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/generated.h)
enable_testing()
add_test(NAME runs COMMAND program one)
add_test(NAME fails COMMAND program)
set_tests_properties(fails PROPERTIES WILL_FAIL TRUE)
install(TARGETS program DESTINATION bin)
message(STATUS "words: ${HAVE_SNPRINTF} [${HAVE_NOSUCH}] ${SIZEOF_LONG} ${LIMIT} ${PROJECT_VERSION_MINOR}")
END
cat >lib/CMakeLists.txt <<'END'
add_library(parts STATIC part.c)
target_include_directories(parts PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_compile_definitions(parts PRIVATE FACTOR=3)
END
printf '#define VERSION "@PROJECT_VERSION@"\n#cmakedefine HAVE_SNPRINTF\n#cmakedefine HAVE_NOSUCH\n#define LIMIT @LIMIT@\n#cmakedefine01 WITH_EXTRA\n' \
    >config.h.in
echo '#define GENERATED 7' >generated.h.in
printf 'int part(int);\n' >lib/part.h
printf '#include "part.h"\nint part(int n) { return n * FACTOR; }\n' >lib/part.c
printf 'int extra(void) { return 1; }\n' >extra.c
cat >main.c <<'END'
#include "config.h"
#include "generated.h"
#include "part.h"
#include <stdio.h>
int main(int argc, char **argv)
{
    printf("%s %d %d %d %s\n", VERSION, LIMIT, part(LIMIT), GENERATED, argc > 1 ? argv[1] : "none");
    return argc < 2;
}
END
cd ..
# Progress marks of a parallel build come in any order; times and the folder are not compared.
plain() { sed "s|$PWD|.|g; s/([0-9.]*s)/(time)/; s/ *[0-9.]* sec/ time/"; }
export CC=gcc
cmake -S src -B build -DCMAKE_BUILD_TYPE=Release -DLIMIT=14 2>&1 | plain
cmake --build build -j2 2>&1 | sed 's/^\[ *[0-9]*%\]//' | plain | sort
build/program argument
(cd build && ctest 2>&1 | plain)
cat build/config.h build/generated.h
cmake --install build --prefix installed 2>&1 | plain
installed/bin/program moved
cmake -LH -N build 2>&1 | grep -A1 -E 'number|extra'
cmake -B build -DWITH_EXTRA=OFF 2>&1 | plain && cmake --build build 2>&1 | plain
cat >script.cmake <<'END'
set(list a;b;c)
list(APPEND list d)
list(TRANSFORM list TOUPPER)
foreach(i IN LISTS list)
    math(EXPR n "${n} + 0x10")
    message(STATUS "${i} ${n}")
endforeach()
string(REGEX REPLACE "([0-9]+)-([0-9]+)" "\\2/\\1" r "2024-02 1-2")
string(SHA256 h "text")
string(JSON j GET "{\"a\": [1, {\"b\": \"deep\"}]}" a 1 b)
file(WRITE out.txt "written\n")
file(GLOB g RELATIVE ${CMAKE_CURRENT_LIST_DIR} *.txt)
execute_process(COMMAND sh -c "echo from sh; exit 3" OUTPUT_VARIABLE o RESULT_VARIABLE s)
cmake_path(GET CMAKE_CURRENT_LIST_FILE STEM stem)
function(f x)
    set(${x} "set by f" PARENT_SCOPE)
endfunction()
f(y)
message("${r} ${h} ${j} ${g} ${s} ${o} ${stem} ${y} ${CMAKE_VERSION}")
if(NOT EXISTS nosuch AND "abc" MATCHES "^a(.)" AND 1.10 VERSION_GREATER 1.9)
    message(WARNING "matched ${CMAKE_MATCH_1}")
endif()
message(FATAL_ERROR "and stops")
END
cmake -P script.cmake 2>&1 | plain
echo "status $?"
cmake -S nosuch -B x 2>&1 | plain
cmake -E md5sum src/main.c
cmake -E tar czf a.tgz src && cmake -E tar tzf a.tgz | sort
cmake -E capabilities | wc -w
cmake -E compare_files src/main.c src/extra.c
echo $?
rm -rf build installed a.tgz
