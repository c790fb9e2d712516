// All kernels for avx512; CMakeLists.txt compiles this file with that instruction set's flags.
#define LINOCUT_NS avx512
#define LINOCUT_SIMD "avx512.hpp"
#include "table.hpp"

namespace linocut {

const KernelTable& avx512_kernels() {
    static const KernelTable table = avx512::make_table("avx512");
    return table;
}

}  // namespace linocut
