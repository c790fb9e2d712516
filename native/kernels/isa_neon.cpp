// All kernels for neon; CMakeLists.txt compiles this file with that instruction set's flags.
#define LINOCUT_NS neon
#define LINOCUT_SIMD "neon.hpp"
#include "table.hpp"

namespace linocut {

const KernelTable& neon_kernels() {
    static const KernelTable table = neon::make_table("neon");
    return table;
}

}  // namespace linocut
