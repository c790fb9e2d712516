// All kernels of one instruction set: CMakeLists.txt compiles this file once for each, with its flags.
#include "table.hpp"

#define LINOCUT_TEXT(name) #name
#define LINOCUT_TEXT_OF(macro) LINOCUT_TEXT(macro)

namespace linocut {

const KernelTable& LINOCUT_NS::kernel_table() {
    static const KernelTable table = make_table(LINOCUT_TEXT_OF(LINOCUT_NS));
    return table;
}

}  // namespace linocut
