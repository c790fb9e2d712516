// The instruction set "c99": the kernels of this folder, which devices run too, each as a kernel of one part.
#include "../kernels/kernel.hpp"
#include "c99.h"

extern "C" {
#define OP(code, name, signature, workspace, rules) lino_kernel lino_##name;
#include "../ops.def"
#undef OP
}

namespace linocut::c99 {
namespace {

constexpr int most_operands = 16;

// Each has its dimensions in brackets.
consteval int operands_in(const char* signature) {
    int count = 0;
    for (; *signature != '\0'; ++signature) count += *signature == '[';
    return count;
}

std::int64_t one_part(const Call&) { return 1; }

template <lino_kernel* kernel, int count>
void run(const Call& call, std::int64_t, std::int64_t) {
    static_assert(count <= most_operands);
    lino_operand operands[count];
    for (int i = 0; i < count; ++i) {
        const Operand& from = call.operands[i];
        operands[i] = {from.data, from.shape, static_cast<lino_size>(from.rows), static_cast<lino_size>(from.cols),
                       static_cast<int>(from.format)};
    }
    const lino_call given = {operands, call.attributes};
    kernel(&given);
}

KernelTable make_table() {
    KernelTable table;
    table.isa = "c99";
#define OP(code, name, signature, workspace, rules) \
    table.kernels[code].phases[0] = {one_part, run<lino_##name, operands_in(signature)>};
#include "../ops.def"
#undef OP
    return table;
}

}  // namespace

const KernelTable& kernel_table() {
    static const KernelTable table = make_table();
    return table;
}

}  // namespace linocut::c99
