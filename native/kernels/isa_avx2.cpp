// All kernels for avx2; CMakeLists.txt compiles this file with that instruction set's flags.
#define LINOCUT_NS avx2
#define LINOCUT_SIMD "avx2.hpp"
#include "table.hpp"

namespace linocut {

const KernelTable& avx2_kernels() {
    static const KernelTable table = avx2::make_table("avx2");
    return table;
}

}  // namespace linocut
