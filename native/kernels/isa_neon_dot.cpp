// All kernels for neon_dot; CMakeLists.txt compiles this file with that instruction set's flags.
#define LINOCUT_NS neon_dot
#define LINOCUT_SIMD "neon_dot.hpp"
#include "table.hpp"

namespace linocut {

const KernelTable& neon_dot_kernels() {
    static const KernelTable table = neon_dot::make_table("neon_dot");
    return table;
}

}  // namespace linocut
