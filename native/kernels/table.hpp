// The table of all kernels, for the instruction set that this file is being compiled for.
#pragma once

#include "adam.hpp"
#include "binarize.hpp"
#include "binary_matmul.hpp"
#include "bop.hpp"
#include "fused_updates.hpp"
#include "input_gradient.hpp"
#include "norm_apply.hpp"
#include "norm_gradient.hpp"
#include "norm_gradient_sums.hpp"
#include "norm_sign.hpp"
#include "norm_statistics.hpp"
#include "optimizer_tick.hpp"
#include "quantise_input.hpp"
#include "real_matmul.hpp"
#include "sgd.hpp"
#include "softmax_cross_entropy.hpp"
#include "weight_gradient.hpp"

namespace linocut::LINOCUT_NS {

inline KernelTable make_table(const char* isa) {
    KernelTable table;
    table.isa = isa;
#define OP(code, name, signature) table.kernels[code] = {name::units, name::run};
#include "../ops.def"
#undef OP
    return table;
}

}  // namespace linocut::LINOCUT_NS
