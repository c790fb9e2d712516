// All kernels for portable; CMakeLists.txt compiles this file with that instruction set's flags.
#define LINOCUT_NS portable
#define LINOCUT_SIMD "portable.hpp"
#include "table.hpp"

namespace linocut {

const KernelTable& portable_kernels() {
    static const KernelTable table = portable::make_table("portable");
    return table;
}

}  // namespace linocut
